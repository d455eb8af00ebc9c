// Prepares a challenge of any method: its terms, where it is stored, and the mail with its code.
import type { Principal } from '../authorization/principal.js'
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
import type { MailAsk, MailAsks } from '../mail/mail-asks.js'
import type { Mails } from '../mail/mails.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import type { KeyRing } from '../tokens/key-ring.js'
import { type StandingChallenge, secondsUntil } from './standing-challenge.js'

/** What `prepareChallenge` works with. */
export interface PrepareChallengeNeeds {
  readonly sealedChallenges: SealedChallenges
  readonly heldChallenges: HeldChallenges
  readonly mails: Mails
  readonly outbox: Outbox
  readonly mailAsks: MailAsks
  readonly random: Random
  readonly keyRing: KeyRing
  /** The host of this installation. */
  readonly domain: string
  /** Lifetime of sealed challenges, which programs answer at once. */
  readonly sealedChallengeLifetimeSeconds: number
  /** Lifetime of held challenges, for which people must find the mail or the device. */
  readonly heldChallengeLifetimeSeconds: number
}

/** The parts of a new challenge. */
export interface ChallengeOrder {
  readonly method: string
  readonly purpose: ChallengePurpose
  readonly draft: ChallengeDraft
  /** Null for the first proof of a sign-in. */
  readonly binding: ChallengeBinding | null
}

/** A challenge that can be returned once its rows are inserted. */
export interface PreparedChallenge {
  readonly standing: StandingChallenge
  readonly rows: readonly Row[]
}

/** Length of a nonce in bytes: 128 bits, so that it is unique. */
const nonceLength = 16

/** The mail's state for a challenge without a mail. */
const unmailed = { mailState: null, retryAfterSeconds: null }

/** The challenge, and the rows to insert before the asker gets it. Counts a mail against its limits. */
export const prepareChallenge = async (
  call: Call,
  order: ChallengeOrder,
  needs: PrepareChallengeNeeds,
): Promise<PreparedChallenge> => {
  const { method, draft, binding } = order
  const { keeping } = draft
  if (keeping.by === 'asker') {
    // Sealed: nothing is written, so that requests cannot fill the database.
    const nonce = needs.random.bytes(nonceLength).toString('hex')
    const terms = termsOf(call, order, {
      nonce,
      lifetimeSeconds: keeping.lifetimeSeconds ?? needs.sealedChallengeLifetimeSeconds,
      needs,
    })
    const challenge = newChallenge({ method, draft, terms, binding })
    const id = needs.sealedChallenges.seal(challenge)
    return { standing: { id, challenge, methods: [method], status: 'PENDING', ...unmailed }, rows: [] }
  }
  const mail = keeping.mailTo === null ? null : await askedMail(call, keeping.mailTo, { binding, needs })
  // Held: the row's id is the nonce, from which codes are derived.
  const nonce = needs.random.uuid()
  const terms = termsOf(call, order, { nonce, lifetimeSeconds: needs.heldChallengeLifetimeSeconds, needs })
  const challenge = newChallenge({ method, draft, terms, binding })
  const random = needs.random.bytes(heldIdRandomBytes)
  const id = heldIdOf(random, triedSubjectOf(order) ?? nonce, needs.keyRing)
  return {
    standing: {
      id,
      challenge,
      methods: [method],
      status: 'PENDING',
      ...(mail === null ? unmailed : queued(call, mail)),
    },
    rows: [
      heldRow(call, challenge, { id, mailTo: keeping.mailTo, binding, needs }),
      ...(mail === null ? [] : mailRows(call, { ...mail, causeId: nonce }, needs)),
    ],
  }
}

/** The subject by which tries are limited over all challenges: that of the first proof, if there is one. */
const triedSubjectOf = ({ draft, binding }: ChallengeOrder): string | null =>
  binding?.firstFactor?.subject ?? draft.subject ?? binding?.accountId ?? null

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

/** A mail that the asker's limits allow. An asker bound to an account has proven to be its owner. */
const askedMail = async (
  call: Call,
  address: string,
  { binding, needs }: { readonly binding: ChallengeBinding | null; readonly needs: PrepareChallengeNeeds },
): Promise<AskedMail> => ({
  address,
  ask: await needs.mailAsks.count(call, address, binding?.accountId ?? sessionAccountOf(call.principal)),
})

const queued = (call: Call, { ask }: AskedMail) => ({
  mailState: 'queued' as const,
  retryAfterSeconds: secondsUntil(call.now, ask.retryAt),
})

const sessionAccountOf = (principal: Principal | null): string | null =>
  principal?.kind === 'session' ? principal.accountId : null

interface AskedMail {
  readonly address: string
  readonly ask: MailAsk
}

/**
 * The mail and its job. Does not check whether the address is known, so that neither the answer nor its time discloses
 * that. The worker decides what the mail says.
 */
const mailRows = (
  call: Call,
  { ask, ...mail }: AskedMail & { readonly causeId: string },
  needs: PrepareChallengeNeeds,
): readonly Row[] => {
  const mailId = needs.random.uuid()
  return [
    needs.mails.row(call, { id: mailId, kind: 'challenge', ...mail }, ask),
    needs.outbox.row(call, mailId, { name: 'send-mail', payload: { mailId } }),
  ]
}
