// The asker's id of a held challenge: random bytes, followed by a mark of the subject for the throttle.
import type { KeyRing } from '../tokens/key-ring.js'

/** Length of the random part in bytes: 192 bits, because the id is the asker's only credential. */
export const heldIdRandomBytes = 24
/** Length of the mark in bytes: enough to distinguish the subjects of one network. */
const markBytes = 8
/** Length of the random part in base64url; 24 bytes are a whole number of characters. */
const randomLength = 32

/** 32 bytes in base64url; the id of a sealed challenge is a JWE, which has dots. */
const form = /^[\w-]{43}$/

/**
 * The id of a challenge for `subject`. The mark is the same for all challenges of a subject, so that an attempt is
 * counted for the subject without a query. It is keyed, so that it does not disclose the subject.
 */
export const heldIdOf = (random: Uint8Array, subject: string, keyRing: KeyRing): string => {
  const mark = keyRing.mac('held-subject', Buffer.from(subject)).subarray(0, markBytes)
  return Buffer.concat([random, mark]).toString('base64url')
}

/** True for a text of the form of such an id. */
export const isHeldId = (id: string): boolean => form.test(id)

/** The mark in an id. An invented mark finds no challenge, because the whole id is looked up. */
export const subjectMarkOf = (id: string): string => id.slice(randomLength)
