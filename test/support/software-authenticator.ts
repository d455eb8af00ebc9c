// A passkey in software: makes attestation and assertion objects with real keys, without any library of WebAuthn.
import {
  constants,
  createHash,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'

/** A value that CBOR encodes here: integers, bytes, texts and maps (RFC 8949). */
export type CborValue = number | string | Uint8Array | Map<number | string, CborValue>

const cborHead = (major: number, argument: number): Buffer => {
  const first = major << 5
  if (argument < 24) return Buffer.from([first | argument])
  if (argument < 0x100) return Buffer.from([first | 24, argument])
  if (argument < 0x10000) return Buffer.from([first | 25, argument >> 8, argument & 0xff])
  const bytes = Buffer.alloc(5, first | 26)
  bytes.writeUInt32BE(argument, 1)
  return bytes
}

/** Encodes a value, with definite lengths. */
export const encodeCbor = (value: CborValue): Buffer => {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value)
  if (typeof value === 'string')
    return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([cborHead(2, value.length), value])
  const members = [...value].flatMap(([key, each]) => [encodeCbor(key), encodeCbor(each)])
  return Buffer.concat([cborHead(5, value.size), ...members])
}

/** The algorithms of the keys that it makes. `ES384` is none that Idem accepts. */
export type PasskeyAlgorithm = 'ES256' | 'EdDSA' | 'RS256' | 'ES384'

const newKeys = (algorithm: PasskeyAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } => {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 'EdDSA':
      return generateKeyPairSync('ed25519')
    default:
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
  }
}

const bytesOf = (jwk: JsonWebKey, name: 'x' | 'y' | 'n' | 'e'): Buffer =>
  Buffer.from(jwk[name] ?? '', 'base64url')

/** The COSE key (RFC 9053 7, RFC 8230 4). */
const coseKey = (algorithm: PasskeyAlgorithm, publicKey: KeyObject): Map<number, CborValue> => {
  const jwk = publicKey.export({ format: 'jwk' })
  if (algorithm === 'EdDSA')
    return new Map<number, CborValue>([
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytesOf(jwk, 'x')],
    ])
  if (algorithm === 'RS256')
    return new Map<number, CborValue>([
      [1, 3],
      [3, -257],
      [-1, bytesOf(jwk, 'n')],
      [-2, bytesOf(jwk, 'e')],
    ])
  const [cose, curve] = algorithm === 'ES256' ? [-7, 1] : [-35, 2]
  return new Map<number, CborValue>([
    [1, 2],
    [3, cose],
    [-1, curve],
    [-2, bytesOf(jwk, 'x')],
    [-3, bytesOf(jwk, 'y')],
  ])
}

/** What an authenticator is. */
export interface AuthenticatorTraits {
  readonly algorithm?: PasskeyAlgorithm
  /** Whether it verifies its user. */
  verifiesUser?: boolean
  /** Whether the passkey is copied to other devices; such authenticators do not count. */
  readonly isSynced?: boolean
}

/** What a test falsifies in one ceremony. */
export interface Falsified {
  readonly origin?: string
  readonly rpId?: string
  readonly type?: string
  readonly challenge?: string
  readonly crossOrigin?: boolean
  readonly topOrigin?: string
  readonly isUserPresent?: boolean
  readonly counter?: number
  /** Null: none. */
  readonly userHandle?: string | null
  readonly isSynced?: boolean
  /** The id that the response names, beside the one in the authenticator data. */
  readonly id?: string
  readonly cose?: Map<number, CborValue>
  readonly fmt?: string
  readonly attStmt?: Map<string, CborValue>
  readonly authData?: (authData: Buffer) => Buffer
  readonly signature?: (signature: Buffer) => Buffer
}

/** The value of `proof.passkey.response`. */
export interface PasskeyResponse {
  readonly [member: string]: unknown
  readonly id: string
  readonly response: Readonly<Record<string, unknown>>
}

const sha256 = (bytes: string | Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/** An authenticator with one passkey, and the browser that drives it. */
export class SoftwareAuthenticator {
  readonly credentialId = randomBytes(32).toString('base64url')
  readonly algorithm: PasskeyAlgorithm
  readonly traits: AuthenticatorTraits
  counter = 0
  /** The user handle that it was given with its registration. */
  userHandle: string | null = null
  readonly #keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }

  constructor(
    /** The origin of the page that uses it. */
    readonly origin: string,
    traits: AuthenticatorTraits = {},
  ) {
    this.algorithm = traits.algorithm ?? 'ES256'
    this.traits = { verifiesUser: true, ...traits }
    this.#keys = newKeys(this.algorithm)
  }

  /** Registers the passkey by the message of a challenge. */
  create(message: string, falsified: Falsified = {}): PasskeyResponse {
    const options = JSON.parse(message)
    this.userHandle = options.user.id
    const id = Buffer.from(this.credentialId, 'base64url')
    const length = Buffer.from([id.length >> 8, id.length & 0xff])
    const cose = encodeCbor(falsified.cose ?? coseKey(this.algorithm, this.#keys.publicKey))
    const attested = Buffer.concat([Buffer.alloc(16), length, id, cose])
    const authData = this.#authData(options.rp.id, falsified, attested)
    const attestationObject = encodeCbor(
      new Map<string, CborValue>([
        ['fmt', falsified.fmt ?? 'none'],
        ['attStmt', falsified.attStmt ?? new Map()],
        ['authData', authData],
      ]),
    )
    return this.#credential(falsified, {
      clientDataJSON: this.#clientData('webauthn.create', options.challenge, falsified).toString('base64url'),
      attestationObject: attestationObject.toString('base64url'),
      transports: ['internal', 'hybrid', 'of-the-future'],
    })
  }

  /** Proves the passkey by the message of a challenge. */
  get(message: string, falsified: Falsified = {}): PasskeyResponse {
    const options = JSON.parse(message)
    const clientData = this.#clientData('webauthn.get', options.challenge, falsified)
    const authData = this.#authData(options.rpId, falsified)
    const signature = this.#sign(Buffer.concat([authData, sha256(clientData)]))
    const userHandle = falsified.userHandle === undefined ? this.userHandle : falsified.userHandle
    return this.#credential(falsified, {
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: (falsified.signature?.(signature) ?? signature).toString('base64url'),
      userHandle,
    })
  }

  #credential(falsified: Falsified, response: PasskeyResponse['response']): PasskeyResponse {
    const id = falsified.id ?? this.credentialId
    return {
      id,
      rawId: id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
      response,
    }
  }

  #clientData(type: string, challenge: string, falsified: Falsified): Buffer {
    const { topOrigin } = falsified
    return Buffer.from(
      JSON.stringify({
        type: falsified.type ?? type,
        challenge: falsified.challenge ?? challenge,
        origin: falsified.origin ?? this.origin,
        crossOrigin: falsified.crossOrigin ?? false,
        ...(topOrigin === undefined ? {} : { topOrigin }),
      }),
    )
  }

  #authData(rpId: string, falsified: Falsified, attested: Buffer = Buffer.alloc(0)): Buffer {
    const isSynced = falsified.isSynced ?? this.traits.isSynced === true
    if (!isSynced) this.counter += 1
    const flags =
      (falsified.isUserPresent === false ? 0 : 0x01) |
      (this.traits.verifiesUser === true ? 0x04 : 0) |
      (isSynced ? 0x18 : 0) |
      (attested.length > 0 ? 0x40 : 0)
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(falsified.counter ?? (isSynced ? 0 : this.counter))
    const made = Buffer.concat([sha256(falsified.rpId ?? rpId), Buffer.from([flags]), counter, attested])
    return falsified.authData?.(made) ?? made
  }

  #sign(bytes: Buffer): Buffer {
    const key = this.#keys.privateKey
    if (this.algorithm === 'EdDSA') return sign(null, bytes, key)
    if (this.algorithm === 'RS256')
      return sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PADDING })
    return sign(this.algorithm === 'ES384' ? 'sha384' : 'sha256', bytes, key)
  }
}
