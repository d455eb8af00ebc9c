// Issues a challenge for a purpose. The method contributes what is to be proven; the rest is the same for all methods.
import type { Accounts } from '../accounts/accounts.js'
import { requireScopes, requireSession } from '../authorization/authorize.js'
import type { Scope } from '../authorization/scope.js'
import type { ChallengeBinding, ChallengePurpose } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Method } from '../methods/method.js'
import { type OneOf, pickMethod } from '../methods/registry.js'
import type { Throttle } from '../throttle/throttle.js'
import { type PrepareChallengeNeeds, prepareChallenge } from './prepare-challenge.js'
import type { StandingChallenge } from './standing-challenge.js'

/** What `issueChallenge` works with. */
export interface IssueChallengeNeeds extends PrepareChallengeNeeds {
  readonly methods: readonly Method[]
  readonly accounts: Accounts
  readonly throttle: Throttle
}

/** The requested method and purpose. */
export interface AskedChallenge {
  readonly request: OneOf
  readonly purpose: ChallengePurpose
}

/** The scope that the answer will need for each purpose, checked now, because the answer would be refused without it. */
const scopeOfPurpose: Readonly<Record<ChallengePurpose, Scope | null>> = {
  SIGN_IN: null,
  LINK_IDENTITY: 'identity:write',
  STEP_UP: 'session:write',
}

/**
 * Issues a challenge. All purposes but `SIGN_IN` need a session, bind the challenge to it, and count as a change of its
 * account, because a challenge that we hold is a row.
 */
export const issueChallenge = async (
  call: Call,
  { request, purpose }: AskedChallenge,
  needs: IssueChallengeNeeds,
): Promise<StandingChallenge> => {
  // 1 linking and step-up need a session, whose changes are limited
  const binding = await bindingOf(call, purpose, needs)
  // 2 the method's part
  const { method, value } = pickMethod(needs.methods, request)
  refuseUseless(method, purpose)
  const aim = { purpose, accountId: binding?.accountId ?? null }
  const draft = await method.challenge?.(call, value, aim)
  if (draft === undefined)
    throw new Failure('BAD_USER_INPUT', `The method ${method.name} has no challenge.`, { field: 'input' })
  // 3 the part that is the same for all methods
  const { standing, rows } = await prepareChallenge(
    call,
    { method: method.name, purpose, draft, binding },
    needs,
  )
  if (rows.length > 0) await call.write(...rows)
  return standing
}

/** Refuses requests whose answer could not be used. */
const refuseUseless = (method: Method, purpose: ChallengePurpose): void => {
  if (method.kind === 'second_factor' && purpose !== 'STEP_UP')
    throw new Failure(
      'BAD_USER_INPUT',
      `${method.name} is a second factor: it is asked for when it is needed.`,
      {
        field: 'input',
      },
    )
  if (method.kind === 'identity' && !method.links && purpose === 'LINK_IDENTITY')
    throw new Failure('BAD_USER_INPUT', `The method ${method.name} cannot be linked.`, { field: 'input' })
}

const bindingOf = async (
  call: Call,
  purpose: ChallengePurpose,
  needs: IssueChallengeNeeds,
): Promise<ChallengeBinding | null> => {
  const scope = scopeOfPurpose[purpose]
  if (scope === null) return null
  const principal = requireSession(call.principal)
  await needs.throttle.countChange(call, principal)
  requireScopes(principal, [[scope]])
  const account = await needs.accounts.get(call, principal.accountId)
  return {
    accountId: account.id,
    accountName: account.handle ?? account.id,
    sessionId: principal.sessionId,
    firstFactor: null,
  }
}
