// Issues a challenge for a purpose. The method contributes what is to be proven; the rest is the same for all methods.
import type { Accounts } from '../accounts/accounts.js'
import { requireScopes, requireSession } from '../authorization/authorize.js'
import type { Scope } from '../authorization/scope.js'
import type { ChallengeBinding, ChallengePurpose } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { emailMethodName } from '../methods/email/method.js'
import { keyMethodName } from '../methods/key/method.js'
import type { Method } from '../methods/method.js'
import { type OneOf, pickMethod } from '../methods/registry.js'
import type { Throttle } from '../throttle/throttle.js'
import { listAnsweringMethods } from './list-answering-methods.js'
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
  REGISTER_DEVICE: 'identity:write',
  RESET_PASSWORD: null,
}

/** The only method of a purpose. */
const methodOfPurpose: Partial<Readonly<Record<ChallengePurpose, string>>> = {
  REGISTER_DEVICE: keyMethodName,
  RESET_PASSWORD: emailMethodName,
}

/**
 * Issues a challenge. All purposes but `SIGN_IN` and `RESET_PASSWORD` need a session, bind the challenge to it, and count as a change of its
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
  if (draft.handle !== null && methodOfPurpose[purpose] !== undefined)
    throw new Failure('BAD_USER_INPUT', 'A handle is not asked for here.', { field: 'handle' })
  // 3 the part that is the same for all methods
  const { standing, rows } = await prepareChallenge(
    call,
    { method: method.name, purpose, draft, binding },
    needs,
  )
  if (rows.length > 0) await call.write(...rows)
  return { ...standing, methods: await listAnsweringMethods(call, standing.challenge, needs) }
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
  const only = methodOfPurpose[purpose]
  if (only !== undefined && method.name !== only)
    throw new Failure('BAD_USER_INPUT', `For ${purpose} ask by ${only}, not by ${method.name}.`, {
      field: 'input',
    })
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
