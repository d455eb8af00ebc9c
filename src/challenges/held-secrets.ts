// What answers a held challenge: code, link token, match code. All derived from its id, so they are stored nowhere.

import type { KeyPurpose, KeyRing } from '../tokens/key-ring.js'
import { bytesOfBase64url } from '../tokens/one-spelling.js'
import { equalBytes } from '../tokens/secret.js'

/** Capitals and digits of which no two look alike in any common typeface. */
const codeAlphabet = '34679ACDEFGHJKMNPQRTWXY'
/** 36 bits: five tries leave a guesser no chance worth naming (NIST SP 800-63B 3.1.3.2 asks for 20). In characters. */
const codeLength = 8
/** Short, for a person carries it from one screen to another; three tries find one of ten thousand. In digits. */
const matchCodeLength = 4
/** A UUID. In bytes. */
const idLength = 16

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex')

const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** The MAC as a number, written in `alphabet`; 256 bits modulo so few leave no bias that could be seen. */
const spell = (mac: Buffer, alphabet: string, length: number): string => {
  let rest = BigInt(`0x${mac.toString('hex')}`)
  let text = ''
  for (let place = 0; place < length; place += 1) {
    text += alphabet[Number(rest % BigInt(alphabet.length))]
    rest /= BigInt(alphabet.length)
  }
  return text
}

const spellings = {
  'email-code': (mac: Buffer) => spell(mac, codeAlphabet, codeLength),
  'email-match': (mac: Buffer) => spell(mac, '0123456789', matchCodeLength),
} as const satisfies Partial<Record<KeyPurpose, (mac: Buffer) => string>>

/** Derives and checks what answers the held challenges of an installation. */
export class HeldSecrets {
  constructor(private readonly keyRing: KeyRing) {}

  /** The code that the mail carries. */
  code(id: string): string {
    return spellings['email-code'](this.keyRing.mac('email-code', bytesOf(id)))
  }

  /** What the device that asked shows, and the page of the link asks for. */
  matchCode(id: string): string {
    return spellings['email-match'](this.keyRing.mac('email-match', bytesOf(id)))
  }

  /** The token of the mail's link: the id with its MAC. */
  confirmationToken(id: string): string {
    const bytes = bytesOf(id)
    return Buffer.concat([bytes, this.keyRing.mac('email-link', bytes)]).toString('base64url')
  }

  /** The id in a link token; null when the token is none of ours. */
  idOfConfirmationToken(token: string): string | null {
    const bytes = bytesOfBase64url(token)
    if (bytes === null) return null
    const [id, mac] = [bytes.subarray(0, idLength), bytes.subarray(idLength)]
    return this.keyRing.checksMac('email-link', id, mac) ? uuidOf(id) : null
  }

  /** True for the challenge's code in any case, with or without spaces and hyphens, under any of the secrets. */
  isCode(id: string, given: string): boolean {
    return this.#checks('email-code', id, given.toUpperCase())
  }

  /** True for the challenge's match code, under any of the secrets. */
  isMatchCode(id: string, given: string): boolean {
    return this.#checks('email-match', id, given)
  }

  #checks(purpose: keyof typeof spellings, id: string, given: string): boolean {
    const text = Buffer.from(given.replace(/[\s-]/g, ''))
    return this.keyRing
      .macs(purpose, bytesOf(id))
      .some((mac) => equalBytes(Buffer.from(spellings[purpose](mac)), text))
  }
}
