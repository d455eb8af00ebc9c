// Scopes: the one table of named permissions, and what a set of them covers.

/** Every scope of Idem's own, with what it permits. `all` is every one. */
export const scopeMeanings = {
  all: 'Everything that the account may do.',
  'account:read': 'Read the account, its identities and its sessions.',
  'account:write': 'Change the account: its handle.',
  'identity:write': 'Link and unlink identities.',
  'session:write': 'End sessions and step up.',
} as const

/** One of Idem's own scopes. */
export type Scope = keyof typeof scopeMeanings

/** True when the granted scopes hold all of at least one of the sets (Apollo Federation's `@requiresScopes`). */
export const coversScopes = (
  granted: ReadonlySet<string>,
  requiredSets: readonly (readonly string[])[],
): boolean => granted.has('all') || requiredSets.some((set) => set.every((scope) => granted.has(scope)))

/** A `scope` claim or parameter (RFC 6749 3.3) as a set. */
export const parseScope = (scope: string): ReadonlySet<string> => new Set(scope.split(' ').filter(Boolean))
