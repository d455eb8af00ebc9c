// An account: a guest, a person or a machine. Its id is `sub` in our tokens and never changes.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { Acr } from '../authorization/principal.js'
import { Failure } from '../failure.js'
import type { Locale } from '../mail/locale.js'

/** A guest, a person, or a machine. */
export type AccountKind = 'ANONYMOUS' | 'PERSON' | 'SERVICE'

const AccountSchema = defineEntity({
  name: 'Account',
  tableName: 'account',
  indexes: [
    { name: 'account_kind_created_at', properties: ['kind', 'createdAt'] },
    { name: 'account_deletion_due_at', properties: ['deletionDueAt'], where: 'deletion_due_at is not null' },
  ],
  properties: {
    id: p.uuid().primary(),
    kind: p.text().$type<AccountKind>(),
    /** The authentication context that a step-up requires of its owner; `aal2` once it has a second factor. */
    level: p.text().$type<Acr>(),
    /** The public name, in its canonical form; null until one is picked. */
    handle: p.text().strictNullable().unique('account_handle_unique'),
    /** The owner's display name; shown, never trusted. */
    displayName: p.text().strictNullable(),
    /** The language of its mails; null: the asker's language, and English for notices. */
    locale: p.text().$type<Locale>().strictNullable(),
    /** The primary one of its verified addresses. */
    primaryEmail: p.text().strictNullable(),
    /**
     * Whether its owner wants notices about sign-ins from new devices. Notices that protect the account are always
     * sent.
     */
    signInNotices: p.boolean(),
    /** When an operator suspended it, or null. */
    suspendedAt: p.datetime().strictNullable(),
    /** The account into which it was merged, which itself is not merged; null if it was not merged. */
    mergedInto: () =>
      p.manyToOne(Account).mapToPk().strictNullable().deleteRule('no action').index('account_merged_into'),
    /** When it will be deleted unless its owner cancels that, or null. */
    deletionDueAt: p.datetime().strictNullable(),
    /** When it was deleted, or null. Only the row of a deleted account stays, and nobody finds it. */
    deletedAt: p.datetime().strictNullable(),
    /** The newest ids that lead to it since merges, newest first, at most `mostAbsorbedIds`. Its tokens name them. */
    absorbedIds: p.array().$type<readonly string[]>().columnType('uuid[]').default([]),
    createdAt: p.datetime(),
  },
})

/** A guest, a person or a machine. */
export class Account extends AccountSchema.class {}
AccountSchema.setClass(Account)

/** The most absorbed ids that an account's tokens name: a token is sent with every request, so it must stay small. */
export const mostAbsorbedIds = 10

/** The level of a new account: `aal0` for a guest, who has proven nothing. A second factor raises it later. */
export const firstLevelOf = (kind: AccountKind): Acr => (kind === 'ANONYMOUS' ? 'aal0' : 'aal1')

/** The refusal for a suspended account: `UNAUTHENTICATED` for a bearer, `FORBIDDEN` for a proof. */
export const suspendedFailure = (code: 'FORBIDDEN' | 'UNAUTHENTICATED', accountId: string): Failure =>
  new Failure(code, 'This account is suspended. Ask whoever runs this service.', {
    reason: `account ${accountId} is suspended`,
  })
