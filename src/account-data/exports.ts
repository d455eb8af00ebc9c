// The store of exports: reads what is held about an account, one page after the other.
import type { Call } from '../database/call.js'
import type { ExportSection } from './export-section.js'
import { exportSections } from './export-sections.js'

/** Entries of a page: some hundred kilobytes of JSON, which are read and sent within tens of milliseconds. */
const mostEntries = 1_000

const ownIds = {
  name: 'idem_export_owner',
  text: `select a.id, i.subject as address from account a
    left join identity i on i.account_id = a.id and i.method = 'email'
    where a.id = $1::uuid or a.merged_into_id = $1::uuid`,
}

const lowestId = '00000000-0000-0000-0000-000000000000'

/**
 * The section's part of a page. `$3` is the section after whose key the page begins, `$4` that key. An earlier section is
 * not read at all, because the condition needs no row.
 */
const branchOf = ({ query, keyedBy }: ExportSection, index: number): string => {
  const key = keyedBy === 'id' ? '$4::text::uuid' : '$4::text collate "C"'
  const first = keyedBy === 'id' ? `'${lowestId}'::uuid` : `''`
  const after = `(case when $3::int = ${index} then ${key} else ${first} end)`
  return `(select ${index} as section, page.key::text as key, page.entry
    from (${query(after)}) page where $3::int <= ${index})`
}

/** One statement reads a page, so a page shows all tables as they were at one moment. */
const page = {
  name: 'idem_export_page',
  text: `select p.section, p.key, p.entry from (${exportSections.map(branchOf).join('\n union all\n')}) p
    order by p.section, p.key collate "C" limit $5::int`,
}

/** A place in an export: after an entry, which is named by its section and its key in it. */
export interface ExportPlace {
  readonly section: number
  readonly key: string
}

/** The beginning of an export. */
export const exportStart: ExportPlace = { section: 0, key: lowestId }

/** A page: entries by section, and the place after it; null after the last one. */
export interface ExportPage {
  readonly entries: ReadonlyMap<string, readonly object[]>
  readonly next: ExportPlace | null
}

interface ExportedRow extends ExportPlace {
  readonly entry: object
}

/** Reads exports. */
export class Exports {
  /** The page after a place of what is held about the account and about those that were merged into it. */
  async read(call: Call, accountId: string, after: ExportPlace): Promise<ExportPage> {
    const owners = await call.run<{ id: string; address: string | null }>(ownIds, [accountId])
    const ids = [...new Set(owners.map(({ id }) => id))]
    const addresses = owners.flatMap(({ address }) => address ?? [])
    const values = [ids, addresses, after.section, after.key, mostEntries + 1]
    const rows = await call.run<ExportedRow>(page, values)
    const shown = rows.slice(0, mostEntries)
    const entries = new Map(exportSections.map(({ name }) => [name, [] as object[]]))
    for (const { section, entry } of shown) entries.get(exportSections[section]?.name ?? '')?.push(entry)
    const last = shown.at(-1)
    const goesOn = rows.length > mostEntries && last !== undefined
    return { entries, next: goesOn ? { section: last.section, key: last.key } : null }
  }
}
