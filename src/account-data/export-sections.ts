// The sections of an export: what is held about an account, and how it is read.

/** One section, read by pages in the order of its keys. */
export interface ExportSection {
  /** Its name in the document. */
  readonly name: string
  /** The table whose rows it shows. */
  readonly table: string
  /** `id`: the key is a UUID. `text`: it is a text, compared by its bytes. */
  readonly keyedBy: 'id' | 'text'
  /**
   * Reads at most `$5` rows after the key `after` (SQL) in the order of the keys, as columns `key` and `entry`. `$1` is
   * the ids of the account and of those merged into it, `$2` the addresses that they have verified.
   */
  readonly query: (after: string) => string
}

/** RFC 3339 in UTC with milliseconds, whatever the time zone of the session is. */
const at = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** The fields of an entry: a name and the SQL of its value. */
type Fields = Readonly<Record<string, string>>

const entryOf = (fields: Fields): string =>
  `jsonb_build_object(${Object.entries(fields)
    .map(([name, sql]) => `'${name}', ${sql}`)
    .join(', ')})`

/** The rows of a table with an `account_id`. Of each account only as many are read as a page can show. */
const owned = (name: string, table: string, fields: Fields): ExportSection => ({
  name,
  table,
  keyedBy: 'id',
  query: (after) => `select own.key, own.entry from unnest($1::uuid[]) as owner (id) cross join lateral (
      select t.id as key, ${entryOf({ id: 't.id', accountId: 't.account_id', ...fields })} as entry from ${table} t
      where t.account_id = owner.id and t.id > ${after} order by t.id limit $5::int) own
    order by own.key limit $5::int`,
})

const accounts: ExportSection = {
  name: 'accounts',
  table: 'account',
  keyedBy: 'id',
  query: (after) =>
    `select t.id as key, ${entryOf({
      id: 't.id',
      kind: 't.kind',
      level: 't.level',
      handle: 't.handle',
      displayName: 't.display_name',
      locale: 't.locale',
      primaryEmail: 't.primary_email',
      signInNotices: 't.sign_in_notices',
      mergedInto: 't.merged_into_id',
      suspendedAt: at('t.suspended_at'),
      deletionDueAt: at('t.deletion_due_at'),
      createdAt: at('t.created_at'),
    })} as entry from account t where t.id = any($1::uuid[]) and t.id > ${after} order by t.id limit $5::int`,
}

const handles: ExportSection = {
  name: 'handles',
  table: 'handle',
  keyedBy: 'text',
  query: (after) => `select t.name as key, ${entryOf({
    name: 't.name',
    accountId: 't.account_id',
    takenAt: at('t.taken_at'),
    givenUpAt: at('t.given_up_at'),
    keptSince: at('t.kept_since'),
  })} as entry from handle t where t.account_id = any($1::uuid[]) and t.name collate "C" > ${after}
    order by t.name collate "C" limit $5::int`,
}

/** Hashes, because nothing else is held. */
const knownNetworks: ExportSection = {
  name: 'knownNetworks',
  table: 'known_network',
  keyedBy: 'text',
  query: (after) => `select t.key, t.entry from (
      select k.address_hash || ' ' || k.network as key, ${entryOf({
        address: 'own.address',
        networkHash: 'k.network',
        provenAt: at('k.proven_at'),
      })} as entry
      from unnest($2::text[]) as own (address)
      join known_network k on k.address_hash = encode(sha256(convert_to(own.address, 'UTF8')), 'hex')) t
    where t.key collate "C" > ${after} order by t.key collate "C" limit $5::int`,
}

const challenges: ExportSection = {
  name: 'challenges',
  table: 'held_challenge',
  keyedBy: 'id',
  query: (after) => `select t.id as key, ${entryOf({
    method: 't.method',
    purpose: 't.purpose',
    address: 't.mail_to',
    handle: 't.handle',
    device: 't.device',
    sourceAddress: 't.source_address',
    createdAt: at('t.created_at'),
    confirmedAt: at('t.confirmed_at'),
    expiresAt: at('t.expires_at'),
  })} as entry from held_challenge t
    where (t.account_id = any($1::uuid[]) or t.mail_to = any($2::text[])
      or (t.method = 'email' and t.subject = any($2::text[]))) and t.id > ${after}
    order by t.id limit $5::int`,
}

/** What a mail was about: the purpose of its challenge, or the act that it told of. Texts are not stored. */
const mails: ExportSection = {
  name: 'mails',
  table: 'mail',
  keyedBy: 'id',
  query: (after) => `select t.id as key, ${entryOf({
    id: 't.id',
    kind: 't.kind',
    about: `coalesce((select e.action from audit_entry e where e.id = t.cause_id),
      (select h.purpose from held_challenge h where h.id = t.cause_id))`,
    address: 't.address',
    state: 't.state',
    reply: 't.reply',
    networkHash: 't.network',
    createdAt: at('t.created_at'),
    settledAt: at('t.settled_at'),
  })} as entry from mail t
    where (t.address = any($2::text[]) or t.account_id = any($1::uuid[])) and t.id > ${after}
    order by t.id limit $5::int`,
}

const identityFields: Fields = {
  method: 't.method',
  issuer: 't.issuer',
  subject: 't.subject',
}

/** The operator's network address, and the reason that it gave, are not the owner's. */
const isOwnAct = '(t.actor_id is null or t.actor_id = any($1::uuid[]))'

const actFields: Fields = {
  at: at('t.at'),
  action: 't.action',
  sessionId: `case when ${isOwnAct} then t.session_id end`,
  requestId: 't.request_id',
}

const auditEntries = owned('auditEntries', 'audit_entry', {
  ...actFields,
  by: `case when t.actor_id is null then 'nobody who was signed in' when ${isOwnAct} then 'the account' else 'an operator' end`,
  address: `case when ${isOwnAct} then t.address end`,
  detail: `case when ${isOwnAct} then t.detail else t.detail - 'reason' end`,
})

/** What the account did to others, which only operators can. Whom it concerned is theirs. */
const actsUponOthers: ExportSection = {
  name: 'actsUponOthers',
  table: 'audit_entry',
  keyedBy: 'id',
  query: (after) => `select own.key, own.entry from unnest($1::uuid[]) as owner (id) cross join lateral (
      select t.id as key, ${entryOf({ id: 't.id', ...actFields, address: 't.address' })} as entry from audit_entry t
      where t.actor_id = owner.id and t.actor_id is distinct from t.account_id
        and (t.account_id is null or t.account_id <> all($1::uuid[])) and t.id > ${after}
      order by t.id limit $5::int) own
    order by own.key limit $5::int`,
}

/** All sections; the last ones are the largest, so that a page reads few rows that it does not show. */
export const exportSections: readonly ExportSection[] = [
  accounts,
  handles,
  owned('identities', 'identity', {
    ...identityFields,
    label: 't.label',
    createdAt: at('t.created_at'),
    failedProofs: 't.failed_proofs',
    lastFailedAt: at('t.last_failed_at'),
    lastUsedAt: at('t.last_used_at'),
  }),
  owned('retiredIdentities', 'retired_identity', { ...identityFields, retiredAt: at('t.retired_at') }),
  owned('secondFactors', 'second_factor', {
    kind: 't.kind',
    createdAt: at('t.created_at'),
    confirmedAt: at('t.confirmed_at'),
    lastUsedAt: at('t.last_used_at'),
  }),
  owned('devices', 'device', {
    publicKey: 't.public_key',
    label: 't.label',
    createdAt: at('t.created_at'),
  }),
  owned('passwordResets', 'password_reset', {
    status: 't.status',
    begunAt: at('t.begun_at'),
    device: 't.device',
    sourceAddress: 't.source_address',
    availableAt: at('t.available_at'),
    lapsesAt: at('t.lapses_at'),
    endedAt: at('t.ended_at'),
    cancelledBy: 't.cancelled_by',
  }),
  knownNetworks,
  challenges,
  owned('sessions', 'session', {
    identityId: 't.identity_id',
    device: 't.device',
    amr: 'to_jsonb(t.amr)',
    acr: 't.acr',
    scope: 't.scope',
    authenticatedAt: at('t.authenticated_at'),
    startedAt: at('t.started_at'),
    refreshedAt: at('t.refreshed_at'),
    refreshes: 't.generation',
    expiresAt: at('t.expires_at'),
    endedAt: at('t.ended_at'),
  }),
  mails,
  actsUponOthers,
  auditEntries,
]
