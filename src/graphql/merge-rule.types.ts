// The schema's enums of merges: by which rule one account survives, and why two are not merged.
import { registerEnumType } from 'type-graphql'
import type { MergeRefusal } from '../merge/decide-merge.js'
import type { MergeRule } from '../merge/merge.js'

/** The rules as the schema names them. */
export const mergeRules = {
  GUEST_INTO_ACCOUNT: 'GUEST_INTO_ACCOUNT',
  PERSON_OVER_GUEST: 'PERSON_OVER_GUEST',
  OLDER_ACCOUNT: 'OLDER_ACCOUNT',
  CHOSEN: 'CHOSEN',
} as const satisfies { readonly [Rule in MergeRule]: Rule }
registerEnumType(mergeRules, {
  name: 'MergeRule',
  description: 'Why one of two accounts survives a merge.',
  valuesConfig: {
    GUEST_INTO_ACCOUNT: { description: 'A guest proved an identity of a person.' },
    PERSON_OVER_GUEST: { description: 'The proven identity was that of a guest.' },
    OLDER_ACCOUNT: { description: 'The older account survives.' },
    CHOSEN: { description: 'Whoever merged them chose it.' },
  },
})

/** The reasons as the schema names them. */
export const mergeRefusals = {
  SAME_ACCOUNT: 'SAME_ACCOUNT',
  SERVICE: 'SERVICE',
  MERGED: 'MERGED',
  SUSPENDED: 'SUSPENDED',
  DELETED: 'DELETED',
  TOO_MANY: 'TOO_MANY',
} as const satisfies { readonly [Reason in MergeRefusal]: Reason }
registerEnumType(mergeRefusals, {
  name: 'MergeRefusal',
  description: 'Why two accounts are not merged.',
  valuesConfig: {
    SAME_ACCOUNT: { description: 'Both sides lead to one account already.' },
    SERVICE: { description: 'One of them is a machine.' },
    MERGED: { description: 'One of them was merged a moment ago.' },
    SUSPENDED: { description: 'One of them is suspended.' },
    DELETED: { description: 'One of them waits to be deleted.' },
    TOO_MANY: { description: 'Together they have more identities or devices than an account may have.' },
  },
})
