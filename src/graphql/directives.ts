// The directives of the schema that are enforced (authenticated, requiresScopes, stepUp) and the limit of changes: one
// mechanism wraps the resolvers of all fields.
import {
  type ConstDirectiveNode,
  DirectiveLocation,
  defaultFieldResolver,
  GraphQLDirective,
  GraphQLEnumType,
  type GraphQLField,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLSchema,
  GraphQLString,
  getDirectiveValues,
  isObjectType,
} from 'graphql'
import type { Account } from '../accounts/account.js'
import { requirePrincipal, requireScopes, requireStepUp } from '../authorization/authorize.js'
import { operatorScope, scopesOfOperator, scopesOfOthers } from '../authorization/scope.js'
import type { Call } from '../database/call.js'
import { type IsOperatorNeeds, isOperator } from '../operators/is-operator.js'
import type { Throttle } from '../throttle/throttle.js'
import { contextOf, type GraphqlContext } from './context.js'

const places = [DirectiveLocation.FIELD_DEFINITION]

/** Apollo Federation's `@authenticated`. */
export const authenticatedDirective = new GraphQLDirective({
  name: 'authenticated',
  description: 'Needs a bearer that holds.',
  locations: places,
})

/** Apollo Federation's `@requiresScopes`. */
export const requiresScopesDirective = new GraphQLDirective({
  name: 'requiresScopes',
  description:
    'Needs a bearer whose scopes hold all of one of the sets; the scope `all` holds every one, `operator:all` only where an operator holds it.',
  locations: places,
  args: {
    scopes: {
      description: 'The sets of scopes of which one is needed.',
      type: new GraphQLNonNull(
        new GraphQLList(new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLString)))),
      ),
    },
  },
})

/** RFC 9470 in a schema. */
export const stepUpDirective = new GraphQLDirective({
  name: 'stepUp',
  description: 'Needs a recent authentication at the level of the account; else STEP_UP_REQUIRED.',
  locations: places,
  args: {
    maxAgeSeconds: {
      description: 'How long ago the caller may have proven itself, in seconds.',
      type: new GraphQLNonNull(GraphQLInt),
    },
    exempt: {
      description: 'Kinds of account that need none.',
      type: new GraphQLList(
        new GraphQLNonNull(
          new GraphQLEnumType({
            name: 'StepUpExemption',
            description: 'A kind of account that a step-up can be waived for.',
            values: { ANONYMOUS: { description: 'A guest: it has nothing that could be stepped up to.' } },
          }),
        ),
      ),
    },
  },
})

/** What the guards need. */
export interface GuardNeeds extends IsOperatorNeeds {
  readonly accounts: { get(call: Call, id: string): Promise<Account> | Account }
  readonly throttle: Pick<Throttle, 'countChange'>
}

type Guard = (call: Call) => Promise<void> | void

/** Checks whether the caller is an operator, each time, and only for fields of operators. */
const scopesGuard =
  (required: readonly (readonly string[])[], needs: GuardNeeds): Guard =>
  async (call) => {
    const { accountId, kind, scopes } = requirePrincipal(call.principal)
    const isForOperators = required.flat().includes(operatorScope)
    // Without a session there is nothing to step up.
    const isHeldByOperator =
      isForOperators &&
      kind === 'session' &&
      (await isOperator(call, await needs.accounts.get(call, accountId), needs))
    const held = isHeldByOperator ? scopesOfOperator(scopes) : scopesOfOthers(scopes)
    requireScopes({ scopes: held }, required)
  }

const stepUpGuard =
  (rule: { readonly maxAgeSeconds: number; readonly exempt: readonly string[] }, needs: GuardNeeds): Guard =>
  async (call) => {
    const principal = requirePrincipal(call.principal)
    const account = await needs.accounts.get(call, principal.accountId)
    if (rule.exempt.includes(account.kind)) return
    requireStepUp(principal, { acr: account.level, maxAgeSeconds: rule.maxAgeSeconds }, call.now)
  }

/** Every mutation that needs a bearer counts as a change of its account, so that a new one cannot omit the limit. */
const changeGuard =
  ({ throttle }: GuardNeeds): Guard =>
  async (call) =>
    await throttle.countChange(call, requirePrincipal(call.principal))

/** The checks of a field before it resolves, in this order: principal, rate, scopes, step-up. */
const guardsOf = (
  field: GraphQLField<unknown, GraphqlContext>,
  { isMutation, needs }: { readonly isMutation: boolean; readonly needs: GuardNeeds },
): Guard[] => {
  const node: { directives?: readonly ConstDirectiveNode[] } = field.astNode ?? {}
  const guards: Guard[] = []
  if (getDirectiveValues(authenticatedDirective, node)) {
    guards.push((call) => void requirePrincipal(call.principal))
    if (isMutation) guards.push(changeGuard(needs))
  }
  const scopes = getDirectiveValues(requiresScopesDirective, node)
  if (scopes) guards.push(scopesGuard(scopes['scopes'] as string[][], needs))
  const stepUp = getDirectiveValues(stepUpDirective, node)
  if (stepUp) {
    const exempt = (stepUp['exempt'] ?? []) as string[]
    guards.push(stepUpGuard({ maxAgeSeconds: Number(stepUp['maxAgeSeconds']), exempt }, needs))
  }
  return guards
}

/** Wraps the resolver of every field with directives, so that the checks run before it. */
export const enforceDirectives = (schema: GraphQLSchema, needs: GuardNeeds): void => {
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType))
    for (const field of Object.values(type.getFields())) {
      const guards = guardsOf(field, { isMutation: type === schema.getMutationType(), needs })
      if (guards.length === 0) continue
      if (field.subscribe !== undefined)
        throw new Error(`${field.name} would be subscribed to before its guards are asked`)
      const resolve = field.resolve ?? defaultFieldResolver
      field.resolve = async (source, args, context: GraphqlContext, info) => {
        const owners = contextOf(source, context)
        for (const guard of guards) await guard(owners.call)
        return await resolve(source, args, owners, info)
      }
    }
}
