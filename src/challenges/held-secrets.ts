// What answers a held challenge: code, link token, match code. All derived from its id, so they are stored nowhere.

import type { KeyPurpose, KeyRing } from '../tokens/key-ring.js'
import { bytesOfBase64url } from '../tokens/one-spelling.js'
import { equalBytes } from '../tokens/secret.js'
import { type CodeForm, readTypedCode } from './read-typed-code.js'

/**
 * Capitals and digits of which no two look alike in any common typeface: of each such pair both are left out, so what is
 * misread is no code and costs no try. 36 bits: five tries leave a guesser no chance worth naming (NIST SP 800-63B
 * 3.1.3.2 asks for 20).
 */
const codeForm: CodeForm = { alphabet: '34679ACDEFGHJKMNPQRTWXY', length: 8 }
/** Short, for a person carries it from one screen to another; three tries find one of ten thousand. */
const matchCodeForm: CodeForm = { alphabet: '0123456789', length: 4 }
/** A UUID. In bytes. */
const idLength = 16

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex')

const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** The MAC as a number, written in `alphabet`; 256 bits modulo so few leave no bias that could be seen. */
const spell = (mac: Buffer, { alphabet, length }: CodeForm): string => {
  let rest = BigInt(`0x${mac.toString('hex')}`)
  let text = ''
  for (let place = 0; place < length; place += 1) {
    text += alphabet[Number(rest % BigInt(alphabet.length))]
    rest /= BigInt(alphabet.length)
  }
  return text
}

const forms = {
  'email-code': codeForm,
  'email-match': matchCodeForm,
} as const satisfies Partial<Record<KeyPurpose, CodeForm>>

/** The code of a mail as somebody typed it, in its one spelling; null for what is no code. */
export const readCode = (typed: string): string | null => readTypedCode(typed, codeForm)

/** The same for a match code. */
export const readMatchCode = (typed: string): string | null => readTypedCode(typed, matchCodeForm)

/** What a code is made of, in words. */
export const codeInWords = `A code is made of ${codeForm.length} of the characters ${codeForm.alphabet}.`

/** Derives and checks what answers the held challenges of an installation. */
export class HeldSecrets {
  constructor(private readonly keyRing: KeyRing) {}

  /** The code that the mail carries. */
  code(id: string): string {
    return spell(this.keyRing.mac('email-code', bytesOf(id)), codeForm)
  }

  /** What the device that asked shows, and the page of the link asks for. */
  matchCode(id: string): string {
    return spell(this.keyRing.mac('email-match', bytesOf(id)), matchCodeForm)
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

  /** True for the challenge's code as somebody typed it, under any of the secrets. */
  isCode(id: string, typed: string): boolean {
    return this.#checks('email-code', id, typed)
  }

  /** True for the challenge's match code as somebody typed it, under any of the secrets. */
  isMatchCode(id: string, typed: string): boolean {
    return this.#checks('email-match', id, typed)
  }

  #checks(purpose: keyof typeof forms, id: string, typed: string): boolean {
    const form = forms[purpose]
    const code = readTypedCode(typed, form)
    if (code === null) return false
    const given = Buffer.from(code)
    return this.keyRing
      .macs(purpose, bytesOf(id))
      .some((mac) => equalBytes(Buffer.from(spell(mac, form)), given))
  }
}
