// Issues a challenge for a purpose. One that a machine answers is held by its asker, and nothing is written; one that a
// person answers by mail is held by us.
import type { Accounts } from '../accounts/accounts.js'
import { requireScopes, requireSession } from '../authorization/authorize.js'
import type { Scope } from '../authorization/scope.js'
import type {
  Challenge,
  ChallengePurpose,
  ChallengeStatus,
  ChallengeTerms,
  HeldDraft,
  SealedDraft,
} from '../challenges/challenge.js'
import type { HeldChallenges } from '../challenges/held-challenges.js'
import type { SealedChallenges } from '../challenges/sealed-challenge.js'
import type { Call } from '../database/call.js'
import { assertNever, Failure } from '../failure.js'
import { chooseLocale } from '../mail/locale.js'
import type { MailState } from '../mail/mail.js'
import type { Mails } from '../mail/mails.js'
import type { Method } from '../methods/method.js'
import { type OneOf, pickMethod } from '../methods/registry.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import type { Throttle } from '../throttle/throttle.js'

/** What `issueChallenge` works with. */
export interface IssueChallengeRooms {
  readonly methods: readonly Method[]
  readonly accounts: Accounts
  readonly sealedChallenges: SealedChallenges
  readonly heldChallenges: HeldChallenges
  readonly mails: Mails
  readonly outbox: Outbox
  readonly throttle: Throttle
  readonly random: Random
  readonly domain: string
  readonly challengeLifetimeSeconds: number
  readonly mailedChallengeLifetimeSeconds: number
}

/** What was asked for: by which method, and what for. */
export interface AskedChallenge {
  readonly request: OneOf
  readonly purpose: ChallengePurpose
}

/** A challenge, where it stands, and where its mail does. */
export interface StandingChallenge {
  /** The id by which its asker refers to it. */
  readonly id: string
  readonly challenge: Challenge
  readonly status: ChallengeStatus
  /** Null where no mail belongs to it. */
  readonly mailState: MailState | null
}

/** Who asks for a challenge that acts upon an account. */
interface Asker {
  readonly sessionId: string
  readonly name: string
}

/** What the challenge is made of, whichever way it is kept. */
interface Draft<D> {
  readonly draft: D
  readonly method: string
  readonly purpose: ChallengePurpose
  readonly asker: Asker | null
}

/** 128 bits: no two challenges share a nonce. In bytes. */
const nonceLength = 16
/** 256 bits: whoever holds the id of a held challenge is its asker. In bytes. */
const heldIdLength = 32

/** The scope that answering a challenge of a purpose will need, so that nobody answers in vain. */
const scopeOfPurpose: Readonly<Record<ChallengePurpose, Scope | null>> = {
  SIGN_IN: null,
  LINK_IDENTITY: 'identity:write',
  STEP_UP: 'session:write',
}

/** Issues a challenge. All purposes but `SIGN_IN` need a session and bind the challenge to it. */
export const issueChallenge = async (
  call: Call,
  asked: AskedChallenge,
  rooms: IssueChallengeRooms,
): Promise<StandingChallenge> => {
  // 1 whoever adds to an account, or steps up, is signed in
  const asker = await askerOf(call, asked.purpose, rooms)
  // 2 what the method asks
  const { method, value } = pickMethod(rooms.methods, asked.request)
  if (method.challenge === undefined)
    throw new Failure('BAD_USER_INPUT', `The method ${method.name} has no challenge.`, { field: 'input' })
  const draft = await method.challenge(call, value)
  // 3 the rest, the same for all methods
  const common = { method: method.name, purpose: asked.purpose, asker }
  switch (draft.kind) {
    case 'sealed':
      return await sealChallenge(call, { ...common, draft }, rooms)
    case 'held':
      return await holdChallenge(call, { ...common, draft }, rooms)
    default:
      return assertNever(draft)
  }
}

const after = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000)

/** A challenge that its asker holds. */
const sealChallenge = async (
  call: Call,
  { draft, method, purpose, asker }: Draft<SealedDraft>,
  rooms: IssueChallengeRooms,
): Promise<StandingChallenge> => {
  const terms: ChallengeTerms = {
    purpose,
    domain: rooms.domain,
    nonce: rooms.random.bytes(nonceLength).toString('hex'),
    issuedAt: call.now,
    expiresAt: after(call.now, rooms.challengeLifetimeSeconds),
    accountName: asker?.name ?? null,
  }
  const { subject, handle } = draft
  const { nonce, expiresAt } = terms
  const sessionId = asker?.sessionId ?? null
  const message = draft.compose(terms)
  const challenge = {
    nonce,
    method,
    purpose,
    sessionId,
    subject,
    handle,
    message,
    confirmed: false,
    expiresAt,
  }
  const id = await rooms.sealedChallenges.seal(challenge)
  return { id, challenge, status: 'PENDING', mailState: null }
}

/**
 * A challenge that we hold, and the mail that brings its code. Nothing here looks whether the address is known, so that
 * neither the answer nor the time that it takes can tell: what the mail says is the worker's business.
 */
const holdChallenge = async (
  call: Call,
  { draft, method, purpose, asker }: Draft<HeldDraft>,
  rooms: IssueChallengeRooms,
): Promise<StandingChallenge> => {
  const { subject } = draft
  await rooms.throttle.count(call, 'askMail', subject)
  const [nonce, mailId] = [rooms.random.uuid(), rooms.random.uuid()]
  const id = rooms.random.bytes(heldIdLength).toString('base64url')
  const sessionId = asker?.sessionId ?? null
  const expiresAt = after(call.now, rooms.mailedChallengeLifetimeSeconds)
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
    rooms.heldChallenges.row(held, id),
    rooms.mails.row(call, { id: mailId, kind: 'challenge', causeId: nonce, address: subject }),
    rooms.outbox.row(call, mailId, { name: 'send-mail', payload: { mailId } }),
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

const askerOf = async (
  call: Call,
  purpose: ChallengePurpose,
  rooms: IssueChallengeRooms,
): Promise<Asker | null> => {
  const scope = scopeOfPurpose[purpose]
  if (scope === null) return null
  const principal = requireSession(call.principal)
  requireScopes(principal, [[scope]])
  const account = await rooms.accounts.get(call, principal.accountId)
  return { sessionId: principal.sessionId, name: account.handle ?? account.id }
}
