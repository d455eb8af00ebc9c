// Scopes: the one table of named permissions, and what a set of them covers.

/** Every scope of Idem's own, with what it permits. `all` is every one but the operators'. */
export const scopeMeanings = {
  all: 'Everything that the account may do.',
  'account:read': 'Read the account, its identities and its sessions.',
  'account:write': 'Change the account: its handle and its profile.',
  'identity:write': 'Link and unlink identities.',
  'session:write': 'End sessions and step up.',
  'operator:all': 'Run the installation: only in the hands of an account listed in IDEM_OPERATORS.',
} as const

/** One of Idem's own scopes. */
export type Scope = keyof typeof scopeMeanings

/** What no account may do by itself, however wide its token: the scope `all` does not hold it. */
export const operatorScope: Scope = 'operator:all'

/** True when the granted scopes hold all of at least one of the sets (Apollo Federation's `@requiresScopes`). */
export const coversScopes = (
  granted: ReadonlySet<string>,
  requiredSets: readonly (readonly string[])[],
): boolean =>
  requiredSets.some((set) =>
    set.every((scope) => granted.has(scope) || (granted.has('all') && scope !== operatorScope)),
  )

/** What a token's scopes amount to in the hands of an operator: of one who may do everything, the operators' too. */
export const scopesOfOperator = (scopes: ReadonlySet<string>): ReadonlySet<string> =>
  scopes.has('all') ? new Set([...scopes, operatorScope]) : scopes

/** What they amount to in anybody else's: never the operators', whatever the token says. */
export const scopesOfOthers = (scopes: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...scopes].filter((scope) => scope !== operatorScope))

/** A `scope` claim or parameter (RFC 6749 3.3) as a set. */
export const parseScope = (scope: string): ReadonlySet<string> => new Set(scope.split(' ').filter(Boolean))
