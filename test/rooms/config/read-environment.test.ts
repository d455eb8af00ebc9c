// Settings: every problem at once, secrets from files, production refuses what is unsafe, slips of the pen are told.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import {
  EnvironmentProblems,
  readEnvironment,
  unknownVariables,
} from '../../../src/config/read-environment.js'
import { clientVariables, settingsSections } from '../../../src/settings.js'
import { IdemProcess } from '../../support/process.js'

const read = (environment: Readonly<Record<string, string>>) => readEnvironment(settingsSections, environment)

const problemsOf = (environment: Readonly<Record<string, string>>): readonly string[] => {
  try {
    read(environment)
    return []
  } catch (error) {
    if (error instanceof EnvironmentProblems) return error.problems
    throw error
  }
}

const production = {
  NODE_ENV: 'production',
  SMTP_URL: 'smtp://smtp.example.org',
  IDEM_PUBLIC_URL: 'https://id.example.org',
  IDEM_SECRET: 'f'.repeat(64),
  DATABASE_URL: 'postgres://idem@db.example.org/idem',
}

test('nothing needs to be set in development', () => {
  expect(read({})).toMatchObject({
    http: { port: 4000, host: '127.0.0.1', publicUrl: null, trustedProxies: [] },
    database: { url: null, dataDir: '.idem' },
    tokens: { accessTokenLifetimeSeconds: 1500, audience: null, secrets: [] },
    sessions: { lifetimeSeconds: 86_400, refreshTokenLifetimeSeconds: 1800, refreshReplaySeconds: 10 },
    challenges: { lifetimeSeconds: 30 },
    graphql: { introspection: true },
  })
})

test('an empty variable is one that is not set', () => {
  const empty = Object.fromEntries(
    Object.values(settingsSections).flatMap((section) =>
      Object.values(section).map((setting) => [setting.variable, '']),
    ),
  )
  // Patterns and functions do not compare by value.
  expect(inspect(read(empty), { depth: 5 })).toBe(inspect(read({}), { depth: 5 }))
})

test('every problem is reported at once, each by its variable, and no secret is repeated', () => {
  const problems = problemsOf({
    IDEM_PORT: '70000',
    IDEM_PUBLIC_URL: 'id.example.org/path',
    IDEM_ALLOWED_ORIGINS: 'https://ok.example.org, https://app.example.org/path',
    IDEM_TRUSTED_PROXIES: '10.0.0.0/8, nonsense',
    IDEM_SECRET: 'too-short',
    DATABASE_URL: 'mysql://root:hunter2@db/idem',
    IDEM_CHALLENGE_LIFETIME_SECONDS: '1.5',
    IDEM_SESSION_LIFETIME_SECONDS: '-1',
    IDEM_INTROSPECTION: 'maybe',
    IDEM_LOG_LEVEL: 'loud',
    IDEM_QUERY_DEPTH: '0x10',
    IDEM_BODY_BYTES: '1e6',
  })
  expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
    'DATABASE_URL',
    'IDEM_ALLOWED_ORIGINS',
    'IDEM_BODY_BYTES',
    'IDEM_CHALLENGE_LIFETIME_SECONDS',
    'IDEM_INTROSPECTION',
    'IDEM_LOG_LEVEL',
    'IDEM_PORT',
    'IDEM_PUBLIC_URL',
    'IDEM_QUERY_DEPTH',
    'IDEM_SECRET',
    'IDEM_SESSION_LIFETIME_SECONDS',
    'IDEM_TRUSTED_PROXIES',
    // Because of the proxies.
    'SMTP_URL',
  ])
  expect(problems.join('\n')).not.toMatch(/too-short|hunter2/)
})

test('production asks for an address, a secret, a database and a mail server', () => {
  const problems = problemsOf({ NODE_ENV: 'production' })
  expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
    'DATABASE_URL',
    'IDEM_PUBLIC_URL',
    'IDEM_SECRET',
    'SMTP_URL',
  ])
  expect(problemsOf(production)).toEqual([])
})

test.each([
  ['an address without TLS', { IDEM_PUBLIC_URL: 'http://id.example.org' }],
  ['a short secret', { IDEM_SECRET: 'f'.repeat(31) }],
  ['a short secret among long ones', { IDEM_SECRET: `${'f'.repeat(64)},short` }],
  ['a list of no secret', { IDEM_SECRET: ' , ,' }],
])('production refuses %s', (_what, changed) => {
  expect(problemsOf({ ...production, ...changed })).toHaveLength(1)
})

test('production allows no origin and shows no schema unless told to', () => {
  expect(read(production)).toMatchObject({ http: { allowedOrigins: [] }, graphql: { introspection: false } })
  expect(read({ ...production, IDEM_INTROSPECTION: 'on' }).graphql.introspection).toBe(true)
})

test('a secret comes from a file as well, without its line end, but not from both', () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'idem-secret-')), 'secret')
  writeFileSync(file, `${'s'.repeat(40)}\n`)
  expect(read({ IDEM_SECRET_FILE: file }).tokens.secrets.map((secret) => secret.reveal())).toEqual([
    's'.repeat(40),
  ])
  expect(problemsOf({ IDEM_SECRET_FILE: file, IDEM_SECRET: 't'.repeat(40) })).toEqual([
    expect.stringMatching(/^IDEM_SECRET is given twice/),
  ])
  expect(problemsOf({ IDEM_SECRET_FILE: `${file}.missing` })).toEqual([
    expect.stringMatching(/^IDEM_SECRET cannot be read from the file/),
  ])
  writeFileSync(file, 'postgres://idem@db.example.org/idem\n')
  expect(read({ DATABASE_URL_FILE: file }).database.url).toBe('postgres://idem@db.example.org/idem')
})

test('an empty secret file in production is a secret that is not set', () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'idem-secret-')), 'secret')
  writeFileSync(file, '\n')
  const { IDEM_SECRET: _without, ...rest } = production
  expect(problemsOf({ ...rest, IDEM_SECRET_FILE: file })).toHaveLength(1)
  writeFileSync(file, '')
  const { DATABASE_URL: _url, ...withoutUrl } = production
  expect(problemsOf({ ...withoutUrl, DATABASE_URL_FILE: file })).toHaveLength(1)
})

test('a secret prints as [secret] wherever it ends up', () => {
  const { secrets } = read({ IDEM_SECRET: 'f'.repeat(64) }).tokens
  expect(`${secrets[0]}`).toBe('[secret]')
  expect(JSON.stringify({ secrets })).toBe('{"secrets":["[secret]"]}')
  expect(inspect(secrets, { showHidden: true, depth: 9 })).not.toContain('ffff')
})

test('a variable that looks like ours and is none is told', () => {
  const environment = {
    IDEM_PROT: '4001',
    IDEM_PORT: '4001',
    IDEM_SECRET_FILE: 'x',
    IDEM_URL: 'http://localhost',
    PATH: '/bin',
  }
  expect(unknownVariables(settingsSections, environment, clientVariables)).toEqual(['IDEM_PROT'])
})

test('the process says every problem in plain words, and ends', async () => {
  const process = await IdemProcess.start({ NODE_ENV: 'production', IDEM_QUERY_DEPTH: 'deep' })
  const { exitCode, stderr, stdout } = await process.ended()
  expect(exitCode).toBe(78)
  expect(JSON.parse(stdout)).toMatchObject({ level: 'fatal', problem: 'settings', exitStatus: 78 })
  for (const variable of ['DATABASE_URL', 'IDEM_PUBLIC_URL', 'IDEM_SECRET', 'IDEM_QUERY_DEPTH', 'SMTP_URL'])
    expect(stderr).toContain(`- ${variable} `)
  expect(stderr).not.toContain('    at ')
})
