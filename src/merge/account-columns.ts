// Every column that holds the id of an account, and what a merge does with it.

/** A column of a table. */
export interface AccountColumn {
  readonly table: string
  readonly column: string
  /** `moves`: its rows lead to the survivor after a merge. `stays`: they keep the account that they speak of. */
  readonly merge: 'moves' | 'stays'
  readonly why: string
}

const moves = (table: string, column: string, why: string): AccountColumn => ({
  table,
  column,
  merge: 'moves',
  why,
})

const stays = (table: string, column: string, why: string): AccountColumn => ({
  table,
  column,
  merge: 'stays',
  why,
})

/** The one list. A test compares it with the tables. */
export const accountColumns: readonly AccountColumn[] = [
  moves('account', 'merged_into_id', 'an absorbed id leads to the account that survived last'),
  stays('account', 'absorbed_ids', 'the ids themselves, which the account names in its tokens'),
  moves('identity', 'account_id', 'whatever opened one of the accounts opens the survivor'),
  moves('handle', 'account_id', 'a handle is never given to anybody else'),
  moves('second_factor', 'account_id', 'the survivor asks for what the absorbed account asked for'),
  moves('device', 'account_id', 'a device may reset the password of the survivor'),
  stays('retired_identity', 'account_id', 'it only says that a former guest is no way in'),
  stays('password_reset', 'account_id', 'a reset that waits is cancelled; the others are history'),
  stays('session', 'account_id', 'sessions of the absorbed account end; the one that merged is carried over'),
  stays('held_challenge', 'account_id', 'it is bound to a session that ended'),
  stays('held_challenge', 'account_name', 'the name by which its asker was told of the account'),
  stays('mail', 'account_id', 'it says who asked for it then'),
  stays('audit_entry', 'account_id', 'an entry is never changed'),
  stays('audit_entry', 'actor_id', 'an entry is never changed'),
  stays('merge', 'survivor_id', 'the record says what was merged then'),
  stays('merge', 'absorbed_id', 'the record says what was merged then'),
  stays('webhook_event', 'account_id', 'an event tells of the account that it was then'),
  stays('webhook_delivery', 'account_id', 'what waits is delivered as it was, in the order of that account'),
]
