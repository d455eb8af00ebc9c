// The sections of an export: what is held about an account, and how it is read.
import { at, type ExportSection, entryOf, type Fields, owned } from './export-section.js'
import { mergeJournal, merges, webhookEvents } from './merge-sections.js'

const accounts: ExportSection = {
  name: 'accounts',
  tables: ['account'],
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
      absorbedIds: 't.absorbed_ids',
      suspendedAt: at('t.suspended_at'),
      deletionDueAt: at('t.deletion_due_at'),
      createdAt: at('t.created_at'),
    })} as entry from account t where t.id = any($1::uuid[]) and t.id > ${after} order by t.id limit $5::int`,
}

const handles: ExportSection = {
  name: 'handles',
  tables: ['handle'],
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
  tables: ['known_network'],
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
  tables: ['held_challenge'],
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
  tables: ['mail'],
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
  tables: ['audit_entry'],
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
  merges,
  mails,
  webhookEvents,
  mergeJournal,
  actsUponOthers,
  auditEntries,
]
