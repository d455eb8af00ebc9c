// Prepares a challenge, whatever its method: its terms, who keeps it, and the mail that brings its code.
import {
  type Challenge,
  type ChallengeBinding,
  type ChallengeDraft,
  type ChallengePurpose,
  newChallenge,
} from '../challenges/challenge.js'
import type { HeldChallenges } from '../challenges/held-challenges.js'
import { heldIdOf, heldIdRandomBytes } from '../challenges/held-id.js'
import type { SealedChallenges } from '../challenges/sealed-challenge.js'
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import { chooseLocale } from '../mail/locale.js'
import type { Mails } from '../mail/mails.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import type { Throttle } from '../throttle/throttle.js'
import type { KeyRing } from '../tokens/key-ring.js'
import type { StandingChallenge } from './standing-challenge.js'

/** What `prepareChallenge` works with. */
export interface PrepareChallengeNeeds {
  readonly sealedChallenges: SealedChallenges
  readonly heldChallenges: HeldChallenges
  readonly mails: Mails
  readonly outbox: Outbox
  readonly throttle: Throttle
  readonly random: Random
  readonly keyRing: KeyRing
  /** The host of this installation. */
  readonly domain: string
  /** Machines answer what they keep at once. */
  readonly sealedChallengeLifetimeSeconds: number
  /** People answer what we keep when they have found the mail, or the device. */
  readonly heldChallengeLifetimeSeconds: number
}

/** What a challenge is prepared of. */
export interface ChallengeOrder {
  readonly method: string
  readonly purpose: ChallengePurpose
  readonly draft: ChallengeDraft
  /** Null for a sign-in that begins. */
  readonly binding: ChallengeBinding | null
}

/** A challenge that can be handed out once its rows are written. */
export interface PreparedChallenge {
  readonly standing: StandingChallenge
  readonly rows: readonly Row[]
}

/** 128 bits: no two challenges share a nonce. In bytes. */
const nonceLength = 16

/** The challenge, and what must be written before its asker gets it. A mail counts against its limits here. */
export const prepareChallenge = async (
  call: Call,
  order: ChallengeOrder,
  needs: PrepareChallengeNeeds,
): Promise<PreparedChallenge> => {
  const { method, draft, binding } = order
  const { keeping } = draft
  if (keeping.by === 'asker') {
    // Its asker answers at once, by a machine, and nothing is written: nobody fills the database by asking.
    const nonce = needs.random.bytes(nonceLength).toString('hex')
    const terms = termsOf(call, order, {
      nonce,
      lifetimeSeconds: needs.sealedChallengeLifetimeSeconds,
      needs,
    })
    const challenge = newChallenge({ method, draft, terms, binding })
    const id = await needs.sealedChallenges.seal(challenge)
    return { standing: { id, challenge, status: 'PENDING', mailState: null }, rows: [] }
  }
  if (keeping.mailTo !== null) await needs.throttle.count(call, 'askMail', keeping.mailTo)
  // What is ours to keep is named by its row's id: codes are derived from it, and it is spent under it.
  const nonce = needs.random.uuid()
  const terms = termsOf(call, order, { nonce, lifetimeSeconds: needs.heldChallengeLifetimeSeconds, needs })
  const challenge = newChallenge({ method, draft, terms, binding })
  const random = needs.random.bytes(heldIdRandomBytes)
  const id = heldIdOf(random, draft.subject ?? nonce, needs.keyRing)
  return {
    standing: { id, challenge, status: 'PENDING', mailState: keeping.mailTo === null ? null : 'queued' },
    rows: [
      heldRow(call, challenge, { id, mailTo: keeping.mailTo, binding, needs }),
      ...(keeping.mailTo === null ? [] : mailRows(call, { causeId: nonce, address: keeping.mailTo }, needs)),
    ],
  }
}

const termsOf = (
  call: Call,
  { purpose, binding }: ChallengeOrder,
  made: {
    readonly nonce: string
    readonly lifetimeSeconds: number
    readonly needs: PrepareChallengeNeeds
  },
) => ({
  purpose,
  domain: made.needs.domain,
  nonce: made.nonce,
  issuedAt: call.now,
  expiresAt: new Date(call.now.getTime() + made.lifetimeSeconds * 1000),
  accountName: binding?.accountName ?? null,
})

const heldRow = (
  call: Call,
  challenge: Challenge,
  kept: {
    readonly id: string
    readonly mailTo: string | null
    readonly binding: ChallengeBinding | null
    readonly needs: PrepareChallengeNeeds
  },
): Row => {
  const { nonce, confirmed: _confirmed, ...rest } = challenge
  const held = {
    ...rest,
    id: nonce,
    accountName: kept.binding?.accountName ?? null,
    mailTo: kept.mailTo,
    device: call.source.userAgent,
    sourceAddress: call.source.address,
    locale: chooseLocale(call.source.acceptLanguage ?? undefined),
    tries: 0,
    matchCodeTries: 0,
    createdAt: call.now,
    confirmedAt: null,
  }
  return kept.needs.heldChallenges.row(held, kept.id)
}

/**
 * The mail and its job. Nothing here looks whether the address is known, so that neither the answer nor the time that
 * it takes can tell: what the mail says is the worker's business.
 */
const mailRows = (
  call: Call,
  mail: { readonly causeId: string; readonly address: string },
  needs: PrepareChallengeNeeds,
): readonly Row[] => {
  const mailId = needs.random.uuid()
  return [
    needs.mails.row(call, { id: mailId, kind: 'challenge', ...mail }),
    needs.outbox.row(call, mailId, { name: 'send-mail', payload: { mailId } }),
  ]
}
