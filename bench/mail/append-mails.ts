// Inserts email challenges with their mails and jobs, as `issueChallenge` does, in one transaction.
import { HeldChallenges } from '../../src/challenges/held-challenges.js'
import type { Call } from '../../src/database/call.js'
import type { Row } from '../../src/database/row.js'
import { Mails } from '../../src/mail/mails.js'
import { Outbox } from '../../src/outbox/outbox.js'
import { systemRandom } from '../../src/runtime/random.js'
import { newAddress } from '../load/email.js'

/** Lifetime of the challenges, the same as by default, in milliseconds. */
const lifetimeMilliseconds = 15 * 60_000

/**
 * Inserts `mails` of them to new addresses; calls `released` right before the commit that makes them visible to the
 * worker.
 */
export const appendMails = async (call: Call, mails: number, released: () => void): Promise<void> => {
  const needs = { heldChallenges: new HeldChallenges(), mails: new Mails(), outbox: new Outbox() }
  await call.inTransaction(async (inner) => {
    for (let mail = 0; mail < mails; mail++) await inner.write(...rowsOf(inner, needs))
    released()
  })
}

const rowsOf = (
  call: Call,
  needs: { readonly heldChallenges: HeldChallenges; readonly mails: Mails; readonly outbox: Outbox },
): Row[] => {
  const [challengeId, mailId, subject] = [systemRandom.uuid(), systemRandom.uuid(), newAddress()]
  const challenge = {
    id: challengeId,
    method: 'email',
    purpose: 'SIGN_IN' as const,
    sessionId: null,
    accountId: null,
    accountName: null,
    firstFactor: null,
    subject,
    handle: null,
    message: null,
    state: null,
    mailTo: subject,
    device: call.source.userAgent,
    sourceAddress: call.source.address,
    locale: 'en' as const,
    tries: 0,
    matchCodeTries: 0,
    createdAt: call.now,
    confirmedAt: null,
    expiresAt: new Date(call.now.getTime() + lifetimeMilliseconds),
  }
  return [
    needs.heldChallenges.row(challenge, systemRandom.bytes(32).toString('base64url')),
    needs.mails.row(call, { id: mailId, kind: 'challenge', causeId: challengeId, address: subject }),
    needs.outbox.row(call, mailId, { name: 'send-mail', payload: { mailId } }),
  ]
}
