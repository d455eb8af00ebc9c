// The README, held: its tables are those of the code, and its tour works as it is pasted.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { exitCodes } from '../src/cli/exit-code.js'
import { failureSentences } from '../src/failure.js'
import { settingsSections } from '../src/settings.js'
import { startTestService } from './support/start-service.js'
import { startTestWorker } from './support/start-worker.js'

const readme = readFileSync('README.md', 'utf8')

/** The text from one heading of the second level to the next. */
const section = (heading: string): string =>
  readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''

/** The rows of the table with these columns, by cells. */
const tableOf = (...columns: readonly string[]): string[][] => {
  const cellsOf = (line: string) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
  const lines = readme.split('\n')
  const header = lines.findIndex((line) => cellsOf(line).join() === columns.join())
  const rows = lines.slice(header + 2)
  return rows.slice(0, rows.indexOf('')).map(cellsOf)
}

test('the table of settings is complete and says what the code says', () => {
  const settings = Object.values(settingsSections).flatMap((settingsSection) =>
    Object.values(settingsSection),
  )
  expect(tableOf('variable', 'meaning', 'default')).toEqual(
    settings.map(({ variable, meaning, defaultText, secret }) => [
      `\`${variable}\`${secret ? ' (secret)' : ''}`,
      meaning,
      defaultText,
    ]),
  )
})

test('the table of errors is complete and has the sentences of the code', () => {
  const rows = tableOf('code', 'sentence', 'what it carries, what to do')
  expect(rows.map(([code, sentence]) => [code, sentence])).toEqual(
    Object.entries(failureSentences).map(([code, sentence]) => [`\`${code}\``, sentence]),
  )
})

test('the table of exit codes is that of the command line', () => {
  expect(tableOf('exit code', 'meaning')).toEqual(
    Object.values(exitCodes).map(({ status, meaning }) => [String(status), meaning]),
  )
})

test('what a supervisor is told to run is what `npm start` runs', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(readme).toContain(`\`exec node_modules/.bin/${scripts.start}\``)
})

test('the tour works as it is pasted', { timeout: 180_000 }, async () => {
  const idem = await startTestService()
  const worker = await startTestWorker(idem)
  const home = await mkdtemp(join(tmpdir(), 'idem-tour-'))
  try {
    const blocks = [...section('Five minutes').matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block)
    expect(blocks).toHaveLength(9)
    const script = ['set -euo pipefail', ...blocks].join('\n').replaceAll('http://localhost:4000', idem.url)
    const environment = { ...process.env, HOME: home, IDEM_URL: idem.url }
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env: environment })
    expect(stdout).not.toContain('"errors"')
    expect(stdout).toContain('"kind":"ANONYMOUS"')
    expect(stdout).toMatch(
      /"provisioned":true,"account":\{"id":"[0-9a-f-]{36}","kind":"PERSON","handle":"ada-/,
    )
    expect(stdout).toContain('"kind":"PERSON","emails":[{"address":"ada@example.org"}]')
    expect(stdout).toContain('"refreshSession":{"accessToken":')
    expect(stdout).toMatch(/Signed in as ada-\w+ /)
    expect(stdout).toContain('Removed the key')
    expect(stdout).toMatch(/account [0-9a-f-]{36}, session [0-9a-f-]{36}, may all/)
    expect(stdout).toContain('Signed out')
  } finally {
    await worker.stop()
    await idem.stop()
    await rm(home, { recursive: true })
  }
})
