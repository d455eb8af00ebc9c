// The spelling of a place in an export, which clients hand back to go on.
import { Failure } from '../failure.js'
import { exportSections } from './export-sections.js'
import type { ExportPlace } from './exports.js'

/** Longer than any key: two hashes, or a row of a journal by its handle of 64 letters. In characters. */
const longest = 1_000

const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The section's name and the key, in base64url. */
export const formatExportPlace = ({ section, key }: ExportPlace): string =>
  Buffer.from(`${exportSections[section]?.name}:${key}`).toString('base64url')

/** The place; `BAD_USER_INPUT` for a text that is none. It says nothing of whose entries follow. */
export const parseExportPlace = (raw: string): ExportPlace => {
  const text = raw.length > longest ? '' : Buffer.from(raw, 'base64url').toString()
  const [, name, key = ''] = /^([a-zA-Z]+):(.*)$/s.exec(text) ?? []
  const section = exportSections.findIndex((candidate) => candidate.name === name)
  const isKey = exportSections[section]?.keyedBy === 'id' ? idForm.test(key) : key.isWellFormed()
  if (section < 0 || !isKey || key.includes('\0'))
    throw new Failure('BAD_USER_INPUT', 'The export has no such place: give the `next` of a page.', {
      field: 'after',
    })
  return { section, key }
}
