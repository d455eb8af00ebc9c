// The personal parts of all tables that a deletion removes, as one statement each.
import type { Statement } from '../database/connection.js'

/** Whose data is removed: the account with those that were merged into it, and the addresses that they have verified. */
export interface RemovedOwner {
  readonly ids: readonly string[]
  readonly addresses: readonly string[]
}

/** A statement that removes personal data, and its values. */
export interface PersonalPart {
  readonly table: string
  readonly statement: Statement
  readonly valuesOf: (owner: RemovedOwner) => readonly unknown[]
}

const byIds: PersonalPart['valuesOf'] = ({ ids }) => [ids]
const byBoth: PersonalPart['valuesOf'] = ({ ids, addresses }) => [ids, addresses]

const removal = (table: string): PersonalPart => ({
  table,
  statement: {
    name: `idem_removal_${table}`,
    text: `delete from ${table} where account_id = any($1::uuid[])`,
  },
  valuesOf: byIds,
})

/** With those that were asked for without a session, for an address of the account. */
const challenges: PersonalPart = {
  table: 'held_challenge',
  statement: {
    name: 'idem_removal_held_challenge',
    text: `delete from held_challenge where account_id = any($1::uuid[])
      or mail_to = any($2::text[]) or (method = 'email' and subject = any($2::text[]))`,
  },
  valuesOf: byBoth,
}

/** With the notices to addresses that were unlinked since. */
const mails: PersonalPart = {
  table: 'mail',
  statement: {
    name: 'idem_removal_mail',
    text: `delete from mail where account_id = any($1::uuid[]) or address = any($2::text[])
      or id in (select m.id from audit_entry e join mail m on m.cause_id = e.id where e.account_id = any($1::uuid[]))`,
  },
  valuesOf: byBoth,
}

const networks: PersonalPart = {
  table: 'known_network',
  statement: {
    name: 'idem_removal_known_network',
    text: `delete from known_network where address_hash in (
      select encode(sha256(convert_to(address, 'UTF8')), 'hex') from unnest($1::text[]) as address)`,
  },
  valuesOf: ({ addresses }) => [addresses],
}

/**
 * True for a value of a detail that tells nothing of a person: a number, a flag, an id, a list of ids, a time, the name
 * of a method. Everything else goes, so that a detail that is added later goes too.
 */
const isImpersonal = `jsonb_typeof(value) in ('number', 'boolean') or key in ('method', 'ids')
  or value #>> '{}' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  or value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$'`

/** The entries stay for the time of their kind, because they show what was done to the account and when. */
const ownEntries: PersonalPart = {
  table: 'audit_entry',
  statement: {
    name: 'idem_removal_own_entries',
    text: `update audit_entry set address = 'none', detail = (
        select coalesce(jsonb_object_agg(key, value) filter (where ${isImpersonal}), '{}') from jsonb_each(detail))
      where account_id = any($1::uuid[])`,
  },
  valuesOf: byIds,
}

/** Of what the account did to others only the network address goes: the rest is about them. */
const actsUponOthers: PersonalPart = {
  table: 'audit_entry',
  statement: {
    name: 'idem_removal_acts_upon_others',
    text: `update audit_entry set address = 'none'
      where actor_id = any($1::uuid[]) and actor_id is distinct from account_id`,
  },
  valuesOf: byIds,
}

/**
 * A record of a merge says which ids were merged, by which rule and proofs; nothing of it can be undone any more, also
 * where the other account lives on by itself, because it was restored before.
 */
const merges: PersonalPart = {
  table: 'merge',
  statement: {
    name: 'idem_removal_merge',
    text: `update merge set before = '{}', after = '{}', undo_report = null
      where survivor_id = any($1::uuid[]) or absorbed_id = any($1::uuid[])`,
  },
  valuesOf: byIds,
}

const journals: PersonalPart = {
  table: 'merge_row',
  statement: {
    name: 'idem_removal_merge_row',
    text: `delete from merge_row where merge_id in (
      select id from merge where survivor_id = any($1::uuid[]) or absorbed_id = any($1::uuid[]))`,
  },
  valuesOf: byIds,
}

/**
 * Receivers get every event that they have not got, in its order and with the text that it had. The others keep their
 * ids until they are purged, and lose the handle, which is all that an event may tell of a person.
 */
const events: PersonalPart = {
  table: 'webhook_event',
  statement: {
    name: 'idem_removal_webhook_event',
    text: `update webhook_event e set payload = payload - 'handle'
      where account_id = any($1::uuid[]) and payload ? 'handle' and fanned_out_at is not null
        and not exists (select 1 from webhook_delivery d where d.event_id = e.id and d.state = 'PENDING')`,
  },
  valuesOf: byIds,
}

/** What a receiver answered is its text, which may repeat anything. */
const answers: PersonalPart = {
  table: 'webhook_delivery',
  statement: {
    name: 'idem_removal_webhook_delivery',
    text: `update webhook_delivery set answer = null
      where event_id in (select id from webhook_event where account_id = any($1::uuid[]))`,
  },
  valuesOf: byIds,
}

/** In this order: the mails are found by the audit entries. Sessions go before them (`due-accounts.ts`). */
export const personalParts: readonly PersonalPart[] = [
  ...['identity', 'retired_identity', 'second_factor', 'device', 'password_reset'].map(removal),
  challenges,
  mails,
  networks,
  ownEntries,
  actsUponOthers,
  journals,
  merges,
  answers,
  events,
]
