// Passkeys in a browser: makes one, and proves one, from a challenge's message (WebAuthn level 3). Imports nothing.

/** A value of the proof `passkey`: the credential as `toJSON()` gives it, all bytes in base64url. */
export interface PasskeyResponse {
  readonly [member: string]: unknown
}

/** How the browser asks for a passkey. */
export interface GetPasskeyOptions {
  /** `conditional` offers passkeys in the suggestions of a field with `autocomplete="username webauthn"`. */
  readonly mediation?: 'conditional' | 'optional' | 'required'
  /** Ends the ceremony; then the call throws the signal's reason. */
  readonly signal?: AbortSignal
}

type Json = Readonly<Record<string, unknown>>

interface Credential {
  readonly id: string
  readonly rawId: ArrayBuffer
  readonly type: string
  readonly authenticatorAttachment?: string | null
  readonly response: Readonly<Record<string, unknown>> & { getTransports?(): string[] }
  getClientExtensionResults(): object
  toJSON?(): PasskeyResponse
}

interface Options {
  readonly publicKey: object
  readonly mediation?: string
  readonly signal?: AbortSignal
}

/** The browser's own, as far as they are used here; old browsers lack the three conversions. */
declare const navigator: {
  readonly credentials?: {
    create(options: Options): Promise<Credential | null>
    get(options: Options): Promise<Credential | null>
  }
}
declare const PublicKeyCredential: {
  isConditionalMediationAvailable?(): Promise<boolean>
  parseCreationOptionsFromJSON?(options: Json): object
  parseRequestOptionsFromJSON?(options: Json): object
}

/** True if this page can use passkeys: the browser has them, and the page came over HTTPS or from localhost. */
export const hasPasskeys = (): boolean =>
  typeof PublicKeyCredential !== 'undefined' && navigator.credentials !== undefined

/** True if the browser can offer passkeys among the suggestions of a field, without a dialog. */
export const suggestsPasskeys = async (): Promise<boolean> =>
  hasPasskeys() && (await PublicKeyCredential.isConditionalMediationAvailable?.()) === true

/**
 * Makes a passkey from the message of a `LINK_IDENTITY` challenge, and returns the value of `proof.passkey.response`.
 * Throws the browser's `DOMException`: `InvalidStateError` if the authenticator has a passkey of this account,
 * `NotAllowedError` if the person declines or takes too long.
 */
export const createPasskey = async (
  message: string,
  { signal }: Pick<GetPasskeyOptions, 'signal'> = {},
): Promise<PasskeyResponse> => {
  requirePasskeys()
  const given = JSON.parse(message) as Json
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(given) ?? creationOptions(given)
  const made = await navigator.credentials?.create({ publicKey, ...(signal === undefined ? {} : { signal }) })
  return toJson(made)
}

/**
 * Proves a passkey by the message of a `SIGN_IN` or `STEP_UP` challenge, and returns the value of
 * `proof.passkey.response`. Throws the browser's `DOMException`: `NotAllowedError` if the person declines, has no
 * passkey here, or takes too long.
 */
export const getPasskey = async (
  message: string,
  { mediation, signal }: GetPasskeyOptions = {},
): Promise<PasskeyResponse> => {
  requirePasskeys()
  const given = JSON.parse(message) as Json
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(given) ?? requestOptions(given)
  const options = {
    publicKey,
    ...(mediation === undefined ? {} : { mediation }),
    ...(signal === undefined ? {} : { signal }),
  }
  return toJson(await navigator.credentials?.get(options))
}

const requirePasskeys = (): void => {
  if (!hasPasskeys()) throw new Error('This page has no passkeys: use a newer browser, and HTTPS.')
}

const fromBase64url = (text: unknown): Uint8Array =>
  Uint8Array.from(atob(String(text).replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0))

const toBase64url = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const withBytes = (list: unknown): object[] =>
  Array.isArray(list) ? list.map((each: Json) => ({ ...each, id: fromBase64url(each['id']) })) : []

const creationOptions = (given: Json): object => {
  const user = given['user'] as Json
  return {
    ...given,
    challenge: fromBase64url(given['challenge']),
    user: { ...user, id: fromBase64url(user['id']) },
    excludeCredentials: withBytes(given['excludeCredentials']),
  }
}

const requestOptions = (given: Json): object => ({
  ...given,
  challenge: fromBase64url(given['challenge']),
  allowCredentials: withBytes(given['allowCredentials']),
})

/** The members of a response that are bytes, of a registration and of a proof. */
const byteMembers = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']

const toJson = (credential: Credential | null | undefined): PasskeyResponse => {
  if (credential == null) throw new Error('This browser gave no passkey.')
  return credential.toJSON?.() ?? convert(credential)
}

const convert = (credential: Credential): PasskeyResponse => {
  const { id, rawId, type, authenticatorAttachment, response } = credential
  const bytes = byteMembers.flatMap((name) => {
    const value = response[name]
    return value instanceof ArrayBuffer ? [[name, toBase64url(value)] as const] : []
  })
  const transports = response.getTransports?.()
  return {
    id,
    rawId: toBase64url(rawId),
    type,
    ...(authenticatorAttachment == null ? {} : { authenticatorAttachment }),
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...Object.fromEntries(bytes), ...(transports === undefined ? {} : { transports }) },
  }
}
