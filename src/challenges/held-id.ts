// The id by which its asker names a held challenge: random, with a mark of the subject that the throttle counts by.
import type { KeyRing } from '../tokens/key-ring.js'

/** 192 bits: whoever holds the id of a held challenge is its asker. In bytes. */
export const heldIdRandomBytes = 24
/** Enough to keep the subjects of one network apart. In bytes. */
const markBytes = 8
/** Base64url of the random bytes; 24 of them end at a character. In characters. */
const randomLength = 32

/** 32 bytes in base64url; the id of a sealed challenge is a JWE, which has dots. */
const form = /^[\w-]{43}$/

/**
 * The id of a challenge for `subject`. The mark behind the random bytes is the same for all challenges of a subject, so
 * that an attempt is counted for the subject before the database is asked; keyed, so that it does not tell the subject.
 */
export const heldIdOf = (random: Uint8Array, subject: string, keyRing: KeyRing): string => {
  const mark = keyRing.mac('held-subject', Buffer.from(subject)).subarray(0, markBytes)
  return Buffer.concat([random, mark]).toString('base64url')
}

/** True for what has the form of such an id. */
export const isHeldId = (id: string): boolean => form.test(id)

/** The mark of its subject. Who invents one names no challenge by it: the whole id is looked up. */
export const subjectMarkOf = (id: string): string => id.slice(randomLength)
