// The answers to a held challenge: code, link token and match code, derived from its id and stored nowhere.

import type { KeyPurpose, KeyRing } from '../tokens/key-ring.js'
import { bytesOfBase64url } from '../tokens/one-spelling.js'
import { equalBytes } from '../tokens/secret.js'
import { type CodeForm, readTypedCode } from './read-typed-code.js'

/**
 * Capitals and digits without any that look alike in a common typeface. Both of each such pair are left out, so that a
 * misread code is malformed and costs no try. 36 bits, of which five tries guess a negligible part (NIST SP 800-63B
 * 3.1.3.2 requires 20).
 */
const codeForm: CodeForm = { alphabet: '34679ACDEFGHJKMNPQRTWXY', length: 8 }
/** Short, because a person reads it on one screen and types it on another. Three tries of 10,000 values. */
const matchCodeForm: CodeForm = { alphabet: '0123456789', length: 4 }
/** A UUID. In bytes. */
const idLength = 16

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex')

const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** The MAC as a number, written in `alphabet`. The bias of 256 bits modulo so few values is negligible. */
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

/** The canonical form of a typed code; null for a malformed one. */
export const readCode = (typed: string): string | null => readTypedCode(typed, codeForm)

/** The same for a match code. */
export const readMatchCode = (typed: string): string | null => readTypedCode(typed, matchCodeForm)

/** The form of a code, in words. */
export const codeInWords = `A code is made of ${codeForm.length} of the characters ${codeForm.alphabet}.`

/** Derives and checks the answers to the held challenges of an installation. */
export class HeldSecrets {
  constructor(private readonly keyRing: KeyRing) {}

  /** The code in the mail. */
  code(id: string): string {
    return spell(this.keyRing.mac('email-code', bytesOf(id)), codeForm)
  }

  /** The match code, which the asking device shows and the page of the link asks for. */
  matchCode(id: string): string {
    return spell(this.keyRing.mac('email-match', bytesOf(id)), matchCodeForm)
  }

  /** The token of the mail's link: the id with its MAC. */
  confirmationToken(id: string): string {
    const bytes = bytesOf(id)
    return Buffer.concat([bytes, this.keyRing.mac('email-link', bytes)]).toString('base64url')
  }

  /** The id in a link token; null if we did not issue it. */
  idOfConfirmationToken(token: string): string | null {
    const bytes = bytesOfBase64url(token)
    if (bytes === null) return null
    const [id, mac] = [bytes.subarray(0, idLength), bytes.subarray(idLength)]
    return this.keyRing.checksMac('email-link', id, mac) ? uuidOf(id) : null
  }

  /** True for the challenge's code, as typed, with any of the secrets. */
  isCode(id: string, typed: string): boolean {
    return this.#checks('email-code', id, typed)
  }

  /** True for the challenge's match code, as typed, with any of the secrets. */
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
