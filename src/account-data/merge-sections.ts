// The sections of an export that tell of merges, and of what receivers were told.
import { at, type ExportSection, entryOf, owned } from './export-section.js'

/** Of an account that has been restored since, and of which only its own export tells, the other side is left out. */
const isOwnSurvivor = 't.survivor_id = any($1::uuid[])'
const isOwnAbsorbed = 't.absorbed_id = any($1::uuid[])'

/** What was merged into the account, when and by which proofs. */
export const merges: ExportSection = {
  name: 'merges',
  tables: ['merge'],
  keyedBy: 'id',
  query: (after) => `select t.id as key, ${entryOf({
    id: 't.id',
    survivorId: 't.survivor_id',
    absorbedId: 't.absorbed_id',
    rule: 't.rule',
    why: 't.why',
    proofs: 't.proofs',
    survivorBefore: `case when ${isOwnSurvivor} then t.before -> 'survivor' end`,
    absorbedBefore: `case when ${isOwnAbsorbed} then t.before -> 'absorbed' end`,
    mergedAt: at('t.merged_at'),
    undoableUntil: at('t.undoable_until'),
    undoneAt: at('t.undone_at'),
  })} as entry from merge t where (${isOwnSurvivor} or ${isOwnAbsorbed}) and t.id > ${after}
    order by t.id limit $5::int`,
}

/** The rows from which a merge could be undone, without what proofs are checked against. */
export const mergeJournal: ExportSection = {
  name: 'mergeJournal',
  tables: ['merge_row'],
  keyedBy: 'text',
  query: (after) => `select t.key, t.entry from (
      select concat_ws(' ', t.id, r.table_name, r.row_key) as key, ${entryOf({
        mergeId: 't.id',
        side: 'r.side',
        table: 'r.table_name',
        fate: 'r.fate',
        row: "r.row - 'credential'",
      })} as entry from merge t join merge_row r on r.merge_id = t.id
      where (${isOwnSurvivor} and r.side = 'survivor') or (${isOwnAbsorbed} and r.side = 'absorbed')) t
    where t.key collate "C" > ${after} order by t.key collate "C" limit $5::int`,
}

/** What receivers were told of the account, and which of them have acknowledged it; who they are is the operator's. */
export const webhookEvents: ExportSection = {
  ...owned('webhookEvents', 'webhook_event', {
    type: 't.type',
    payload: 't.payload',
    at: at('t.at'),
    deliveries: `(select coalesce(jsonb_agg(${entryOf({
      state: 'd.state',
      attempts: 'd.attempts',
      acknowledgedAt: at('d.acknowledged_at'),
    })} order by d.id), '[]') from webhook_delivery d where d.event_id = t.id)`,
  }),
  tables: ['webhook_event', 'webhook_delivery'],
}
