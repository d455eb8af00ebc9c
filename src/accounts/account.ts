// An account: a subject known here. Its id is `sub` in our tokens and never changes.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { Acr } from '../authorization/principal.js'
import { assertNever } from '../failure.js'

/** A guest, a person, or a machine. */
export type AccountKind = 'ANONYMOUS' | 'PERSON' | 'SERVICE'

const AccountSchema = defineEntity({
  name: 'Account',
  tableName: 'account',
  properties: {
    id: p.uuid().primary(),
    kind: p.text().$type<AccountKind>(),
    /** The public name, in its canonical form; null until one is picked. */
    handle: p.text().strictNullable().unique('account_handle_unique'),
    createdAt: p.datetime(),
  },
})

/** A subject known here: a guest, a person or a machine. */
export class Account extends AccountSchema.class {}
AccountSchema.setClass(Account)

/** The authentication context that steps of consequence ask of an account of this kind. */
export const levelOf = (account: Pick<Account, 'kind'>): Acr => {
  switch (account.kind) {
    case 'ANONYMOUS':
      return 'aal0'
    case 'PERSON':
    case 'SERVICE':
      return 'aal1'
    default:
      return assertNever(account.kind)
  }
}
