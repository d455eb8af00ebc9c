// A recovery code: a long random code that serves once, of which only a hash is stored.
import { createHash } from 'node:crypto'
import { readTypedCode } from '../../challenges/read-typed-code.js'
import type { JsonObject } from '../../database/json.js'
import { Failure } from '../../failure.js'
import type { Random } from '../../runtime/random.js'

/**
 * Capitals and digits without any that look alike, as in the codes of mails. 72 bits: neither guesses nor a search over
 * the stored hashes find one, so a fast hash suffices (NIST SP 800-63B 3.1.2.2 requires 20 bits with a limit of tries).
 */
const codeForm = { alphabet: '34679ACDEFGHJKMNPQRTWXY', length: 16 }
/** The number of codes in a set. */
export const codesPerSet = 10
/** More than the bits of a code, so that the bias of the remainder is negligible. In bytes. */
const drawnLength = 32
const saltLength = 16

/** The credential: a salt, and the hashes of the codes that are left. */
export interface RecoveryCredential extends JsonObject {
  readonly salt: string
  readonly hashes: string[]
}

/** A new set of codes, shown once, and the credential that is stored of it. */
export const newRecoveryCodes = (
  random: Random,
): { readonly codes: readonly string[]; readonly credential: RecoveryCredential } => {
  const codes = Array.from({ length: codesPerSet }, () => draw(random))
  const salt = random.bytes(saltLength).toString('base64url')
  return { codes: codes.map(spell), credential: { salt, hashes: codes.map((code) => hashOf(salt, code)) } }
}

/** The code in canonical form, from any spelling; `BAD_USER_INPUT`, with the name of the field, for a text that is none. */
export const parseRecoveryCode = (typed: string, field: string): string => {
  const code = readTypedCode(typed, codeForm)
  if (code === null)
    throw new Failure(
      'BAD_USER_INPUT',
      `A recovery code is made of ${codeForm.length} of the characters ${codeForm.alphabet}.`,
      { field },
    )
  return code
}

/** The credential without this code; null if the code is not among those that are left. */
export const withoutCode = (
  { salt, hashes }: RecoveryCredential,
  typed: string,
): RecoveryCredential | null => {
  const used = hashOf(salt, parseRecoveryCode(typed, 'code'))
  return hashes.includes(used) ? { salt, hashes: hashes.filter((hash) => hash !== used) } : null
}

/** The parsed credential of a row. */
export const recoveryCredentialOf = ({
  credential,
}: {
  readonly credential: JsonObject
}): RecoveryCredential => credential as RecoveryCredential

const draw = (random: Random): string => {
  let rest = BigInt(`0x${random.bytes(drawnLength).toString('hex')}`)
  let code = ''
  const base = BigInt(codeForm.alphabet.length)
  for (let place = 0; place < codeForm.length; place += 1) {
    code += codeForm.alphabet[Number(rest % base)]
    rest /= base
  }
  return code
}

/** In groups of four, for reading and typing. */
const spell = (code: string): string => code.match(/.{4}/g)?.join('-') ?? code

const hashOf = (salt: string, code: string): string =>
  createHash('sha256').update(`${salt}:${code}`).digest('base64url')
