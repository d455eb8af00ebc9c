// Checks a new password: refuses one that a guesser tries first (NIST SP 800-63B-4 3.1.1.2).
import { Failure } from '../failure.js'
import type { CommonPasswords } from './common-passwords.js'
import { foldPassword, isRow, repeatedPiece } from './password.js'

/** What a new password is checked with. */
export interface NewPasswordCheck {
  readonly field: string
  /** The words of the account and the service (`contextWords`). */
  readonly words: readonly string[]
  readonly commonPasswords: CommonPasswords
}

/** A longer piece, repeated, is judged by itself: two equal words are no worse than one. In characters. */
const longestTrivialPiece = 4
/** Letters and digits that a password has beside the words of its account. */
const leastOwnCharacters = 5

/** Refuses a guessable password with `BAD_USER_INPUT`. No rule says of which characters it must be. */
export const checkNewPassword = async (password: string, check: NewPasswordCheck): Promise<void> => {
  const refuse = (sentence: string): Failure =>
    new Failure('BAD_USER_INPUT', `${sentence} Choose another one, such as a few words in a row.`, {
      field: check.field,
    })
  const folded = foldPassword(password)
  const piece = repeatedPiece(folded)
  if ([...piece].length <= longestTrivialPiece || isRow(piece))
    throw refuse('This password repeats a few characters, or is a row of neighbouring ones.')
  if ((await check.commonPasswords.has(folded)) || (await check.commonPasswords.has(piece)))
    throw refuse('This password is on the list of common ones, which are guessed first.')
  if (isMadeOf(folded, check.words))
    throw refuse('This password is made of your handle, your email address or the name of this service.')
}

/** True if a password contains some of the words, and hardly anything else. */
const isMadeOf = (folded: string, words: readonly string[]): boolean => {
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), folded)
  return rest !== folded && [...rest.replace(/[^\p{Letter}\p{Number}]/gu, '')].length < leastOwnCharacters
}
