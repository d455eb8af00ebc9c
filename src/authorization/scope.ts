// Scopes: the table of named permissions, and the check of a set of them.

/** Idem's own scopes with what they permit. `all` includes every scope except those of operators. */
export const scopeMeanings = {
  all: 'Everything that the account may do.',
  'account:read': 'Read the account, its identities and its sessions.',
  'account:write': 'Change the account: its handle and its profile.',
  'identity:write': 'Link and unlink identities.',
  'session:write': 'End sessions and step up.',
  'operator:all': 'Run the installation: only in the hands of an account listed in IDEM_OPERATORS.',
} as const

/** A scope of Idem's own. */
export type Scope = keyof typeof scopeMeanings

/** The scope of operators, which `all` does not include. */
export const operatorScope: Scope = 'operator:all'

/** True if the granted scopes include all of at least one of the sets (Apollo Federation's `@requiresScopes`). */
export const coversScopes = (
  granted: ReadonlySet<string>,
  requiredSets: readonly (readonly string[])[],
): boolean =>
  requiredSets.some((set) =>
    set.every((scope) => granted.has(scope) || (granted.has('all') && scope !== operatorScope)),
  )

/** The effective scopes of an operator's token: if it has `all`, also the operators' scope. */
export const scopesOfOperator = (scopes: ReadonlySet<string>): ReadonlySet<string> =>
  scopes.has('all') ? new Set([...scopes, operatorScope]) : scopes

/** The effective scopes of any other token: never the operators' scope, even if the token names it. */
export const scopesOfOthers = (scopes: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...scopes].filter((scope) => scope !== operatorScope))

/** A `scope` claim or parameter (RFC 6749 3.3) as a set. */
export const parseScope = (scope: string): ReadonlySet<string> => new Set(scope.split(' ').filter(Boolean))
