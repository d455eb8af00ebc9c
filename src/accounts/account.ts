// An account: a subject known here. Its id is `sub` in our tokens and never changes.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { Acr } from '../authorization/principal.js'
import { Failure } from '../failure.js'
import type { Locale } from '../mail/locale.js'

/** A guest, a person, or a machine. */
export type AccountKind = 'ANONYMOUS' | 'PERSON' | 'SERVICE'

const AccountSchema = defineEntity({
  name: 'Account',
  tableName: 'account',
  indexes: [{ name: 'account_kind_created_at', properties: ['kind', 'createdAt'] }],
  properties: {
    id: p.uuid().primary(),
    kind: p.text().$type<AccountKind>(),
    /** The authentication context that steps of consequence ask of its owner; `aal2` once it has a second factor. */
    level: p.text().$type<Acr>(),
    /** The public name, in its canonical form; null until one is picked. */
    handle: p.text().strictNullable().unique('account_handle_unique'),
    /** What the owner wants to be called; shown, never trusted. */
    displayName: p.text().strictNullable(),
    /** The language of its mails; null: that of whoever asks for one, English for notices. */
    locale: p.text().$type<Locale>().strictNullable(),
    /** The verified address that its owner reads first. */
    primaryEmail: p.text().strictNullable(),
    /** Whether a sign-in from a new device is told by mail. What protects the account always is. */
    signInNotices: p.boolean(),
    /** Since when an operator has it closed, or null. */
    suspendedAt: p.datetime().strictNullable(),
    /** The account that this one was merged into, which is merged into none itself; null while it is its own. */
    mergedInto: () =>
      p.manyToOne(Account).mapToPk().strictNullable().deleteRule('no action').index('account_merged_into'),
    createdAt: p.datetime(),
  },
})

/** A subject known here: a guest, a person or a machine. */
export class Account extends AccountSchema.class {}
AccountSchema.setClass(Account)

/** The level of a new account: a guest has proven nothing about a person; a second factor raises it later. */
export const firstLevelOf = (kind: AccountKind): Acr => (kind === 'ANONYMOUS' ? 'aal0' : 'aal1')

/** Why nobody gets into a suspended account. `UNAUTHENTICATED` for a bearer, `FORBIDDEN` for a proof. */
export const suspendedFailure = (code: 'FORBIDDEN' | 'UNAUTHENTICATED', accountId: string): Failure =>
  new Failure(code, 'This account is suspended. Ask whoever runs this service.', {
    reason: `account ${accountId} is suspended`,
  })
