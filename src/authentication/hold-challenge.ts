// Issues a challenge that a person answers by mail: we hold it, and a job sends the mail.
import type { HeldDraft } from '../challenges/challenge.js'
import type { HeldChallenges } from '../challenges/held-challenges.js'
import type { Call } from '../database/call.js'
import { chooseLocale } from '../mail/locale.js'
import type { Mails } from '../mail/mails.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import type { Throttle } from '../throttle/throttle.js'
import type { ChallengeParts, StandingChallenge } from './standing-challenge.js'

/** What `holdChallenge` works with. */
export interface HoldChallengeNeeds {
  readonly heldChallenges: HeldChallenges
  readonly mails: Mails
  readonly outbox: Outbox
  readonly throttle: Throttle
  readonly random: Random
  readonly mailedChallengeLifetimeSeconds: number
}

/** 256 bits: whoever holds the id of a held challenge is its asker. In bytes. */
const idLength = 32

/**
 * A challenge that we hold, and the mail that brings its code. Nothing here looks whether the address is known, so that
 * neither the answer nor the time that it takes can tell: what the mail says is the worker's business.
 */
export const holdChallenge = async (
  call: Call,
  { draft, method, purpose, asker }: ChallengeParts<HeldDraft>,
  needs: HoldChallengeNeeds,
): Promise<StandingChallenge> => {
  const { subject } = draft
  await needs.throttle.count(call, 'askMail', subject)
  const [nonce, mailId] = [needs.random.uuid(), needs.random.uuid()]
  const id = needs.random.bytes(idLength).toString('base64url')
  const sessionId = asker?.sessionId ?? null
  const expiresAt = new Date(call.now.getTime() + needs.mailedChallengeLifetimeSeconds * 1000)
  const held = {
    id: nonce,
    method,
    purpose,
    sessionId,
    accountName: asker?.name ?? null,
    subject,
    device: call.source.userAgent,
    sourceAddress: call.source.address,
    locale: chooseLocale(call.source.acceptLanguage ?? undefined),
    attempts: 0,
    linkAttempts: 0,
    createdAt: call.now,
    confirmedAt: null,
    expiresAt,
  }
  await call.write(
    needs.heldChallenges.row(held, id),
    needs.mails.row(call, { id: mailId, kind: 'challenge', causeId: nonce, address: subject }),
    needs.outbox.row(call, mailId, { name: 'send-mail', payload: { mailId } }),
  )
  const challenge = {
    nonce,
    method,
    purpose,
    sessionId,
    subject,
    handle: null,
    message: null,
    confirmed: false,
    expiresAt,
  }
  return { id, challenge, status: 'PENDING', mailState: 'queued' }
}
