// The response of a ceremony (WebAuthn level 3, 5.1.8: toJSON), parsed strictly: only what is checked, and bounded first.
import { Failure } from '../../failure.js'

/** The part that registration and proof have in common. */
export interface CeremonyResponse {
  /** The credential's id, in base64url. */
  readonly id: string
  readonly clientDataJSON: string
  readonly clientData: ClientData
  /** The members of `response`, unchecked. */
  readonly members: Members
}

/** What the browser says about a ceremony (5.8.1). */
export interface ClientData {
  readonly type: string
  /** Base64url of the bytes of the challenge. */
  readonly challenge: string
  readonly origin: string
  /** True in a frame whose page, or a page above it, is of another origin. */
  readonly crossOrigin: boolean
}

type Members = Readonly<Record<string, unknown>>

/** Limits in bytes. The id's is that of the standard; a browser's client data takes about 250, an attestation up to 6,000. */
const most = {
  id: 1_023,
  clientDataJSON: 4_096,
  attestationObject: 16_384,
  authenticatorData: 4_096,
  signature: 1_024,
  userHandle: 64,
}

const malformed = (what: string): Failure =>
  new Failure('BAD_USER_INPUT', `This is no response of a passkey: ${what}.`, { field: 'response' })

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** True for base64url without padding of 1 to `longest` bytes, in its one spelling. */
const isBase64url = (value: unknown, longest: number): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= Math.ceil((longest * 4) / 3) &&
  /^[\w-]+$/.test(value) &&
  Buffer.from(value, 'base64url').toString('base64url') === value

/** The id of the credential that a response names; null if it names none. Cheap, and decodes nothing else. */
export const credentialIdOf = (response: unknown): string | null => {
  const id = isMembers(response) ? response['id'] : null
  return isBase64url(id, most.id) ? id : null
}

/** A member of `response` that is bytes, in base64url. Throws `BAD_USER_INPUT`. */
export const bytesOf = (members: Members, name: Exclude<keyof typeof most, 'id'>): string => {
  const value = members[name]
  if (!isBase64url(value, most[name]))
    throw malformed(`${name} must be base64url of at most ${most[name]} bytes`)
  return value
}

/** The user handle, in base64url; null if the authenticator gave none. Throws `BAD_USER_INPUT`. */
export const userHandleOf = (members: Members): string | null => {
  const value = members['userHandle']
  return value === undefined || value === null || value === '' ? null : bytesOf(members, 'userHandle')
}

const knownTransports = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

/** The transports that the standard knows, sorted; unknown ones are left out, as it asks (5.8.4). */
export const transportsOf = ({ transports }: Members): readonly string[] =>
  Array.isArray(transports) ? knownTransports.filter((known) => transports.includes(known)) : []

const readClientData = (encoded: string): ClientData => {
  const parsed = parseJson(Buffer.from(encoded, 'base64url'))
  if (!isMembers(parsed)) throw malformed('clientDataJSON must be a JSON object')
  const { type, challenge, origin, crossOrigin, topOrigin } = parsed
  if (typeof type !== 'string' || typeof challenge !== 'string' || typeof origin !== 'string')
    throw malformed('clientDataJSON must have the texts type, challenge and origin')
  return { type, challenge, origin, crossOrigin: crossOrigin === true || topOrigin !== undefined }
}

const parseJson = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw malformed('clientDataJSON must be JSON')
  }
}

/** The common part of a response. Throws `BAD_USER_INPUT`. */
export const readResponse = (given: unknown): CeremonyResponse => {
  if (!isMembers(given)) throw malformed('it must be an object')
  const id = credentialIdOf(given)
  if (id === null) throw malformed(`id must be base64url of at most ${most.id} bytes`)
  if (given['rawId'] !== id) throw malformed('rawId must be the same as id')
  if (given['type'] !== 'public-key') throw malformed('type must be public-key')
  const members = given['response']
  if (!isMembers(members)) throw malformed('response must be an object')
  const clientDataJSON = bytesOf(members, 'clientDataJSON')
  return { id, clientDataJSON, clientData: readClientData(clientDataJSON), members }
}
