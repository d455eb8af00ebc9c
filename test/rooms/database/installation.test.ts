// The installation under a data folder: who may open it when, and what a failure leaves behind (nothing).
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { EmbeddedPostgresError } from '../../../src/database/embedded-postgres-error.js'
import { OperatorProblem } from '../../../src/failure.js'
import { type InstallationUse, openInstallation } from '../../../src/installation.js'
import { systemClock } from '../../../src/runtime/clock.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const folder = async (): Promise<string> => {
  const parent = await mkdtemp(join(tmpdir(), 'idem-installation-'))
  await chmod(parent, 0o711)
  onTestFinished(() => rm(parent, { recursive: true, force: true, maxRetries: 10 }))
  return join(parent, '.idem')
}

const open = async (use: InstallationUse, dataDir: string, environment: Record<string, string> = {}) => {
  const ownOnes = { DATABASE_URL: undefined, IDEM_SECRET: undefined, IDEM_PUBLIC_URL: undefined }
  const variables = { ...ownOnes, IDEM_DATA_DIR: dataDir, IDEM_LOG_LEVEL: 'silent', ...environment }
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  const installation = await openInstallation(use)
  onTestFinished(() => installation.close())
  return installation
}

/** A folder that a service holds which was started this very moment, in another container. */
const heldFolder = async (): Promise<string> => {
  const dataDir = await folder()
  await mkdir(dataDir, { mode: 0o711 })
  const startedAt = systemClock.now().toISOString()
  const claim = { pid: 1, machine: 'another', url: 'http://127.0.0.1:9', instanceId: 'starting', startedAt }
  await writeFile(join(dataDir, 'service.json'), JSON.stringify(claim))
  await mkdir(join(dataDir, 'service.json.lock'))
  return dataDir
}

test('a command beside a starting service fails plainly and makes nothing of the database', async () => {
  const dataDir = await heldFolder()
  const refusal = open('command', dataDir)
  await expect(refusal).rejects.toBeInstanceOf(EmbeddedPostgresError)
  await expect(refusal).rejects.toThrow(/still starting in .*Try again in a moment/)
  expect((await readdir(dataDir)).sort()).toEqual(['secret', 'service.json', 'service.json.lock'])
})

test('a command beside a running service uses its database and secret, and leaves both running', async () => {
  const dataDir = await folder()
  const service = await open('serve', dataDir)
  const command = await open('command', dataDir)
  expect(command.databaseUrl).toBe(service.databaseUrl)
  expect(command.secrets.map((secret) => secret.reveal())).toEqual(
    service.secrets.map((secret) => secret.reveal()),
  )
  await command.close()
  const client = new Client({ connectionString: service.databaseUrl })
  await client.connect()
  await client.end()
  expect(await readdir(dataDir)).toContain('service.json')
})

test.each([
  ['127.0.0.1', 'http://127.0.0.1:4321'],
  ['192.0.2.2', 'http://192.0.2.2:4321'],
  ['0.0.0.0', 'http://localhost:4321'],
  ['::', 'http://localhost:4321'],
  ['::1', 'http://[::1]:4321'],
])('a service that listens on %s claims its folder as %s', async (host, url) => {
  const dataDir = await folder()
  const environment = { IDEM_HOST: host, IDEM_PORT: '4321', SMTP_URL: 'smtp://smtp.example.org' }
  const installation = await open('serve', dataDir, environment)
  expect(JSON.parse(await readFile(join(dataDir, 'service.json'), 'utf8')).url).toBe(url)
  expect(installation.publicUrl).toBe('http://localhost:4321')
})

test('the secret is 256 bits, readable by its owner alone, and the same at each start', async () => {
  const dataDir = await folder()
  const first = await open('serve', dataDir)
  await first.close()
  const path = join(dataDir, 'secret')
  expect(await readFile(path, 'utf8')).toMatch(/^[0-9a-f]{64}$/)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'secret'])
})

test.each(['', 'cut short', '0'.repeat(63)])(
  'a secret of "%s" is refused before anything is started',
  async (text) => {
    const dataDir = await folder()
    await mkdir(dataDir, { mode: 0o711 })
    await writeFile(join(dataDir, 'secret'), text)
    const refusal = open('serve', dataDir)
    await expect(refusal).rejects.toBeInstanceOf(OperatorProblem)
    await expect(refusal).rejects.toThrow(join(dataDir, 'secret'))
    expect(await readdir(dataDir)).toEqual(['secret'])
  },
)
