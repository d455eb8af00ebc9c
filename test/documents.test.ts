// The documents, held: their tables are those of the code.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { exitCodes } from '../src/cli/exit-code.js'
import { failureSentences } from '../src/failure.js'
import { settingsSections } from '../src/settings.js'

/** The cells of a table's line. */
const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())

/** The rows of the table with these columns, by cells. */
const tableOf = (document: string, ...columns: readonly string[]): string[][] => {
  const lines = readFileSync(document, 'utf8').split('\n')
  const header = lines.findIndex((line) => cellsOf(line).join() === columns.join())
  const rows = lines.slice(header + 2)
  return rows.slice(0, rows.indexOf('')).map(cellsOf)
}

test('the table of settings is complete and says what the code says', () => {
  const settings = Object.values(settingsSections).flatMap((settingsSection) =>
    Object.values(settingsSection),
  )
  expect(tableOf('docs/settings.md', 'variable', 'meaning', 'default')).toEqual(
    settings.map(({ variable, meaning, defaultText, secret }) => [
      `\`${variable}\`${secret ? ' (secret)' : ''}`,
      meaning,
      defaultText,
    ]),
  )
})

test('the table of errors is complete and has the sentences of the code', () => {
  const rows = tableOf('docs/errors.md', 'code', 'sentence', 'what it carries, what to do')
  expect(rows.map(([code, sentence]) => [code, sentence])).toEqual(
    Object.entries(failureSentences).map(([code, sentence]) => [`\`${code}\``, sentence]),
  )
})

test('the table of exit codes is that of the command line', () => {
  expect(tableOf('docs/cli.md', 'exit code', 'meaning')).toEqual(
    Object.values(exitCodes).map(({ status, meaning }) => [String(status), meaning]),
  )
})

test('what a supervisor is told to run is what `npm start` runs', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(readFileSync('docs/operations.md', 'utf8')).toContain(`\`exec node_modules/.bin/${scripts.start}\``)
})
