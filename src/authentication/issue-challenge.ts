// Issues a challenge for a purpose: who asks, what the method asks, and which way the challenge is kept.
import type { Accounts } from '../accounts/accounts.js'
import { requireScopes, requireSession } from '../authorization/authorize.js'
import type { Scope } from '../authorization/scope.js'
import type { ChallengePurpose } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'
import { assertNever, Failure } from '../failure.js'
import type { Method } from '../methods/method.js'
import { type OneOf, pickMethod } from '../methods/registry.js'
import { type HoldChallengeNeeds, holdChallenge } from './hold-challenge.js'
import { type SealChallengeNeeds, sealChallenge } from './seal-challenge.js'
import type { Asker, StandingChallenge } from './standing-challenge.js'

/** What `issueChallenge` works with. */
export interface IssueChallengeNeeds extends SealChallengeNeeds, HoldChallengeNeeds {
  readonly methods: readonly Method[]
  readonly accounts: Accounts
}

/** What was asked for: by which method, and what for. */
export interface AskedChallenge {
  readonly request: OneOf
  readonly purpose: ChallengePurpose
}

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
  needs: IssueChallengeNeeds,
): Promise<StandingChallenge> => {
  // 1 whoever adds to an account, or steps up, is signed in
  const asker = await askerOf(call, asked.purpose, needs)
  // 2 what the method asks
  const { method, value } = pickMethod(needs.methods, asked.request)
  if (method.challenge === undefined)
    throw new Failure('BAD_USER_INPUT', `The method ${method.name} has no challenge.`, { field: 'input' })
  const draft = await method.challenge(call, value)
  // 3 the rest, the same for all methods
  const common = { method: method.name, purpose: asked.purpose, asker }
  switch (draft.kind) {
    case 'sealed':
      return await sealChallenge(call, { ...common, draft }, needs)
    case 'held':
      return await holdChallenge(call, { ...common, draft }, needs)
    default:
      return assertNever(draft)
  }
}

const askerOf = async (
  call: Call,
  purpose: ChallengePurpose,
  needs: IssueChallengeNeeds,
): Promise<Asker | null> => {
  const scope = scopeOfPurpose[purpose]
  if (scope === null) return null
  const principal = requireSession(call.principal)
  requireScopes(principal, [[scope]])
  const account = await needs.accounts.get(call, principal.accountId)
  return { sessionId: principal.sessionId, name: account.handle ?? account.id }
}
