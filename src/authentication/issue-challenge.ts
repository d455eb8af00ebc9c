// Issues a challenge for a purpose. A key challenge is sealed and held by the client: nothing is written.
import type { Accounts } from '../accounts/accounts.js'
import { requirePrincipal, requireScopes } from '../authorization/authorize.js'
import type { Scope } from '../authorization/scope.js'
import type { Challenge, ChallengePurpose, ChallengeTerms } from '../challenges/challenge.js'
import type { SealedChallenges } from '../challenges/sealed-challenge.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Method } from '../methods/method.js'
import { type OneOf, pickMethod } from '../methods/registry.js'
import type { Random } from '../runtime/random.js'

/** What `issueChallenge` works with. */
export interface IssueChallengeRooms {
  readonly methods: readonly Method[]
  readonly accounts: Accounts
  readonly sealedChallenges: SealedChallenges
  readonly random: Random
  readonly domain: string
  readonly challengeLifetimeSeconds: number
}

/** A challenge with the id by which its asker refers to it. */
export interface IssuedChallenge {
  readonly id: string
  readonly challenge: Challenge
}

/** 128 bits: no two challenges share a nonce. In bytes. */
const nonceLength = 16

/** The scope that answering a challenge of a purpose will need, so that nobody signs in vain. */
const scopeOfPurpose: Readonly<Record<ChallengePurpose, Scope | null>> = {
  SIGN_IN: null,
  LINK_IDENTITY: 'identity:write',
  STEP_UP: 'session:write',
}

/** Issues a challenge. All purposes but `SIGN_IN` need a session and bind the challenge to it. */
export const issueChallenge = async (
  call: Call,
  asked: { readonly request: OneOf; readonly purpose: ChallengePurpose },
  rooms: IssueChallengeRooms,
): Promise<IssuedChallenge> => {
  // 1 whoever adds to an account, or steps up, is signed in
  const asker = await askerOf(call, asked.purpose, rooms)
  // 2 what the method asks
  const { method, value } = pickMethod(rooms.methods, asked.request)
  if (method.challenge === undefined)
    throw new Failure('BAD_USER_INPUT', `The method ${method.name} has no challenge.`, { field: 'input' })
  const draft = await method.challenge(call, value)
  // 3 the terms, the same for all methods
  const terms: ChallengeTerms = {
    purpose: asked.purpose,
    domain: rooms.domain,
    nonce: rooms.random.bytes(nonceLength).toString('hex'),
    issuedAt: call.now,
    expiresAt: new Date(call.now.getTime() + rooms.challengeLifetimeSeconds * 1000),
    accountName: asker?.name ?? null,
  }
  const challenge: Challenge = {
    nonce: terms.nonce,
    method: method.name,
    purpose: asked.purpose,
    sessionId: asker?.sessionId ?? null,
    subject: draft.subject,
    handle: draft.handle,
    message: draft.compose(terms),
    expiresAt: terms.expiresAt,
  }
  return { id: await rooms.sealedChallenges.seal(challenge), challenge }
}

const askerOf = async (
  call: Call,
  purpose: ChallengePurpose,
  rooms: IssueChallengeRooms,
): Promise<{ readonly sessionId: string; readonly name: string } | null> => {
  const scope = scopeOfPurpose[purpose]
  if (scope === null) return null
  const principal = requirePrincipal(call.principal)
  requireScopes(principal, [[scope]])
  const account = await rooms.accounts.get(call, principal.accountId)
  return { sessionId: principal.sessionId, name: account.handle ?? account.id }
}
