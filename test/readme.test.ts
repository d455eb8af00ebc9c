// The README's tour works as it is pasted.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startTestService } from './support/start-service.js'
import { startTestWorker } from './support/start-worker.js'

/** The text from one heading of the second level to the next. */
const section = (heading: string): string =>
  readFileSync('README.md', 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith(`${heading}\n`)) ?? ''

test('the tour works as it is pasted', { timeout: 180_000 }, async () => {
  const idem = await startTestService()
  const worker = await startTestWorker(idem)
  const home = await mkdtemp(join(tmpdir(), 'idem-tour-'))
  try {
    const blocks = [...section('Five minutes').matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block)
    expect(blocks).toHaveLength(9)
    const script = ['set -euo pipefail', ...blocks].join('\n').replaceAll('http://localhost:4000', idem.url)
    // With a home that has no cache of npm, `npx idem` prepares the package: it would build while other tests start dist.
    const environment = {
      ...process.env,
      HOME: home,
      IDEM_URL: idem.url,
      npm_config_cache: join(home, '.npm'),
      npm_config_ignore_scripts: 'true',
    }
    const built = (await stat('dist/src/main.js')).mtimeMs
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env: environment })
    expect((await stat('dist/src/main.js')).mtimeMs, 'nothing was built').toBe(built)
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
