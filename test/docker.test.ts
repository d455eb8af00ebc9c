// The compose file and the image, held without a docker engine: the check passes on them, and each of its rules refuses.
import { execFile, execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface Checked {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** `node docker/compose-check.js` with these words. */
const check = (...words: readonly string[]): Promise<Checked> =>
  new Promise((resolve) => {
    execFile(process.execPath, ['docker/compose-check.js', ...words], (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })

/** What the check reads, and what the Dockerfile copies. */
const checkedFiles = [
  ...['docker-compose.yml', 'Dockerfile', '.dockerignore', '.gitignore', 'docs/settings.md', 'src/main.ts'],
  ...['package.json', 'package-lock.json', 'bin', 'docker/is-ready.js', 'docker/make-secrets.sh'],
  'src/mail/templates',
  'src/passwords/common-passwords.txt',
  'src/passwords/common-passwords.LICENSE',
]

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'idem-docker-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A fresh copy of the files, one of them with `from` replaced by `to` throughout. */
const brokenCopy = async (file: string, from: string, to: string): Promise<string> => {
  const copy = await mkdtemp(path.join(folder, 'copy-'))
  for (const name of checkedFiles) cpSync(name, path.join(copy, name), { recursive: true })
  const text = await readFile(file, 'utf8')
  expect(text, `${file} has what is to be broken`).toContain(from)
  await writeFile(path.join(copy, file), text.replaceAll(from, to))
  return copy
}

/** The problems of a copy that is broken so, as `place problem`. */
const problemsOf = async (file: string, from: string, to: string): Promise<string[]> => {
  const { stdout, exitCode } = await check(await brokenCopy(file, from, to), '--json')
  const { ok, problems } = JSON.parse(stdout)
  expect({ ok, exitCode }).toEqual({ ok: problems.length === 0, exitCode: problems.length === 0 ? 0 : 1 })
  return problems.map(({ place, problem }: Record<string, string>) => `${place} ${problem}`)
}

test('the files are well', async () => {
  expect(await check()).toEqual({
    exitCode: 0,
    stdout: 'docker-compose.yml, Dockerfile and .dockerignore are well.\n',
    stderr: '',
  })
})

const compose = 'docker-compose.yml'
const api = 'docker-compose.yml services.api'
const valkey = 'docker-compose.yml services.valkey'

/** The environment of Idem's services with a line more. */
const withVariable = (line: string): readonly [string, string] => [
  '    NODE_ENV: development\n',
  `    NODE_ENV: development\n    ${line}\n`,
]

const hexadecimal = '0123456789abcdef'.repeat(4)

describe('the compose file is refused', () => {
  test.each<readonly [string, readonly [from: string, to: string], problem: string]>([
    ['as no YAML', ['name: idem\n', 'name: [idem\n'], `${compose} is no YAML: `],
    [
      'with a key that Compose does not have',
      ['    user: nobody\n', '    usr: nobody\n'],
      `${compose} services.mail must NOT have additional properties: usr.`,
    ],
    [
      'with a word that Compose does not have',
      ['migrate: { condition: service_completed_successfully }', 'migrate: { condition: service_done }'],
      `${compose} services.api.depends_on.migrate.condition must be equal to one of the allowed values: service_started, `,
    ],
    [
      'with an image that moves',
      ['valkey/valkey:8.1.11-alpine', 'valkey/valkey:latest'],
      `${valkey}.image moves with each release: valkey/valkey:latest.`,
    ],
    [
      'with an image without a tag',
      ['valkey/valkey:8.1.11-alpine', 'registry.example.org:5000/valkey'],
      `${valkey}.image has no tag: registry.example.org:5000/valkey.`,
    ],
    [
      'with another PostgreSQL than the tests have',
      ['postgres:18.4-bookworm', 'postgres:17.2-bookworm'],
      'services.postgres.image postgres:17.2-bookworm is another version than package.json has.',
    ],
    [
      'when it waits for the health of what has no health check',
      ['      test: ["CMD", "/mailpit", "readyz"]\n', ''],
      'services.api.depends_on waits for mail to be healthy, but mail has no health check.',
    ],
    [
      'with a service without a health check',
      ['    test: ["CMD", "node", "docker/is-ready.js"]\n', ''],
      `${api} has no health check.`,
    ],
    [
      'when a service stays down',
      ['    restart: unless-stopped\n    user: nobody\n', '    user: nobody\n'],
      'services.mail stays down after a crash.',
    ],
    [
      'when what runs once begins again',
      ['restart: "no"', 'restart: always'],
      'services.migrate runs once, yet restarts always.',
    ],
    [
      'with a duration without its unit',
      ['    start_period: 30s', '    start_period: "30"'],
      'services.mail has a start_period that is no duration: 30.',
    ],
    [
      'when it is killed before it has drained',
      ['stop_grace_period: 15s', 'stop_grace_period: 10s'],
      `${api} is killed after 10 s, but may need 10 s to drain and end.`,
    ],
    [
      'when a longer drain is not waited for',
      withVariable('IDEM_DRAIN_SECONDS: 30'),
      `${api} is killed after 15 s, but may need 35 s to drain and end.`,
    ],
    [
      'when the time until the drain is not waited for',
      withVariable('IDEM_DRAIN_DELAY_SECONDS: 7'),
      `${api} is killed after 15 s, but may need 17 s to drain and end.`,
    ],
    [
      'when production drains later than development',
      ['NODE_ENV: development', 'NODE_ENV: production'],
      `${api} is killed after 15 s, but may need 15 s to drain and end.`,
    ],
    [
      'when it is open to the network',
      ['"127.0.0.1:4000:4000"', '"4000:4000"'],
      `${api}.ports publishes "4000:4000" to the whole network.`,
    ],
    [
      'when a service may write to its image',
      ['    user: nobody\n    read_only: true\n', '    user: nobody\n'],
      'services.mail may write to its image or gain privileges.',
    ],
    [
      'with a volume that is not declared',
      ['["valkey-data:/data"]', '["other-data:/data"]'],
      `${valkey}.volumes names other-data, which is declared nowhere.`,
    ],
    [
      'with a volume that nothing uses',
      ['    volumes: ["valkey-data:/data"]\n', ''],
      `${compose} volumes.valkey-data is used by no service.`,
    ],
    [
      'with a secret that is not declared',
      ['  idem-secret: { file: ./secrets/idem-secret }\n', ''],
      `${api}.secrets names idem-secret, which is declared nowhere.`,
    ],
    [
      'with a network that is not declared',
      ['    internal: true\n  outside:\n', '    internal: true\n'],
      `${api}.networks names outside, which is declared nowhere.`,
    ],
    [
      'when it waits for nobody',
      ['    mail: { condition: service_healthy }', '    post: { condition: service_healthy }'],
      `${api}.depends_on waits for post, which is no service.`,
    ],
    [
      'when it does not wait until a service serves',
      ['    mail: { condition: service_healthy }', '    mail: { condition: service_started }'],
      `${api}.depends_on starts beside mail, which may not serve yet.`,
    ],
    [
      'with a password in it',
      ['POSTGRES_PASSWORD_FILE: /run/secrets/postgres-password', 'POSTGRES_PASSWORD: sesame'],
      'services.postgres.environment.POSTGRES_PASSWORD is a secret with its value in this file.',
    ],
    [
      'with a password as a default',
      [
        'POSTGRES_PASSWORD_FILE: /run/secrets/postgres-password',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Compose that fills it in
        'POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-sesame}',
      ],
      'services.postgres.environment.POSTGRES_PASSWORD is a secret with its value in this file.',
    ],
    [
      'with a password in a URL',
      ['redis://valkey:6379', 'redis://:sesame@valkey:6379'],
      `${api}.environment.REDIS_URL holds a URL with a password.`,
    ],
    [
      'with a secret in hexadecimal, wherever it stands',
      ['--maxmemory-policy, noeviction', `--requirepass, '${hexadecimal}'`],
      `${valkey}.command.6 holds what looks like a secret in hexadecimal.`,
    ],
    [
      'with a secret where it could be committed',
      ['./secrets/idem-secret', './bin/idem-secret'],
      `${compose} secrets.idem-secret bin/idem-secret could be committed or enter the image.`,
    ],
    [
      'with a variable that is no setting',
      withVariable('IDEM_PUBLIC_URI: http://localhost:4000'),
      `${api}.environment.IDEM_PUBLIC_URI is no setting of Idem.`,
    ],
    [
      'with a file for a setting that is no secret',
      withVariable('IDEM_PORT_FILE: /run/secrets/idem-secret'),
      `${api}.environment.IDEM_PORT_FILE is no setting of Idem.`,
    ],
    [
      'with a file that is not mounted',
      ['DATABASE_URL_FILE: /run/secrets/database-url', 'DATABASE_URL_FILE: /run/secrets/postgres-password'],
      `${api}.environment.DATABASE_URL_FILE names /run/secrets/postgres-password, which is not mounted.`,
    ],
    [
      'with a setting that is given twice',
      withVariable('DATABASE_URL: postgres://idem@postgres/idem'),
      `${api}.environment.DATABASE_URL is given twice, also with _FILE.`,
    ],
    [
      'with a role that there is not',
      ['        worker,', '        butler,'],
      'services.worker.command starts butler, which src/main.ts does not know.',
    ],
    [
      'with other flags than `npm start` has',
      ['        --max-semi-space-size=8,\n', ''],
      `${api}.command runs another line than \`npm start\` does: node --heap-growing-percent=40 --no-maglev --no-allocation-site-pretenuring `,
    ],
    [
      'with a shell around a command',
      ['command: [node, dist/src/main.js, migrate]', 'command: node dist/src/main.js migrate'],
      'services.migrate.command has no command in list form',
    ],
  ])('%s', async (_, [from, to], problem) => {
    expect(await problemsOf(compose, from, to)).toContainEqual(expect.stringContaining(problem))
  })
})

describe('the image is refused', () => {
  test.each<readonly [string, readonly [file: string, from: string, to: string], problem: string]>([
    [
      'with a base that moves',
      ['Dockerfile', 'node:24.21.0-bookworm-slim AS run', 'debian:latest AS run'],
      'Dockerfile FROM debian:latest moves with each release',
    ],
    [
      'with another Node than package.json has',
      ['Dockerfile', 'node:24.21.0-bookworm-slim AS run', 'node:22.1.0-bookworm-slim AS run'],
      'Dockerfile node:22.1.0-bookworm-slim is another version than package.json has.',
    ],
    ['with a stage without a name', ['Dockerfile', ' AS run', ''], 'has no name.'],
    [
      'with a stage that nothing uses',
      ['Dockerfile', 'COPY --from=packages /idem/node_modules node_modules\n', ''],
      'Dockerfile the stage packages is used by nothing.',
    ],
    [
      'when it copies from nowhere',
      ['Dockerfile', '--from=build', '--from=bild'],
      'Dockerfile copies from bild, which is no stage.',
    ],
    [
      'when it copies what is not there',
      ['Dockerfile', 'COPY bin bin', 'COPY bins bins'],
      'Dockerfile copies bins, which does not exist.',
    ],
    [
      'when it copies from a stage what the project does not have',
      ['Dockerfile', '/idem/src/mail/templates', '/idem/src/mail/letters'],
      'Dockerfile copies src/mail/letters, which does not exist.',
    ],
    [
      'when it copies what the build does not see',
      ['.dockerignore', '!bin\n', ''],
      'Dockerfile copies bin, which .dockerignore leaves out.',
    ],
    ['when it runs as root', ['Dockerfile', 'USER node\n', ''], 'Dockerfile runs as root.'],
    [
      'when it does not hear SIGTERM',
      ['Dockerfile', 'STOPSIGNAL SIGTERM\n', ''],
      'Dockerfile does not say how it stops.',
    ],
    [
      'without a health check',
      ['Dockerfile', 'HEALTHCHECK', '# HEALTHCHECK'],
      'Dockerfile has no HEALTHCHECK.',
    ],
    [
      'with a shell around its command',
      ['Dockerfile', 'CMD ["node", "--max', 'CMD node ["node", "--max'],
      'Dockerfile CMD is not what `npm start` runs, as a list.',
    ],
    [
      'with a secret in it',
      ['Dockerfile', 'ENV NODE_ENV=production', `ENV IDEM_SECRET=${hexadecimal}`],
      'Dockerfile ENV IDEM_SECRET would keep a secret in the image.',
    ],
    [
      'when the build sees what it must not',
      ['.dockerignore', '*\n', 'node_modules\n'],
      '.dockerignore lets .git into the build.',
    ],
    [
      'when secrets could be committed',
      ['.gitignore', 'secrets/\n', ''],
      'secrets/idem-secret could be committed or enter the image.',
    ],
  ])('%s', async (_, [file, from, to], problem) => {
    expect(await problemsOf(file, from, to)).toContainEqual(expect.stringContaining(problem))
  })
})

test('what the build compiles with is let into the build of the image', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8'))
  const projects = [...scripts.build.matchAll(/-p (\S+)/g)].map(([, project]) => project)
  expect(projects).toContain('tsconfig.build.json')
  const letIn = (await readFile('.dockerignore', 'utf8')).split('\n')
  for (const project of [...projects, 'tsconfig.json']) expect(letIn).toContain(`!${project}`)
})

test('a secret is named, and not repeated', async () => {
  const copy = await brokenCopy(compose, 'redis://valkey', 'redis://:sesame@valkey')
  const { stdout, stderr, exitCode } = await check(copy)
  expect(stderr).toContain(
    'services.api.environment.REDIS_URL holds a URL with a password.\n    Put it into a file',
  )
  expect({ exitCode, repeated: (stdout + stderr).includes('sesame') }).toEqual({
    exitCode: 1,
    repeated: false,
  })
})

test('a value from outside is no secret, and a setting with TOKEN in its name is none', async () => {
  const lifetime = withVariable('IDEM_ACCESS_TOKEN_LIFETIME_SECONDS: 900')
  expect(await problemsOf(compose, ...lifetime)).toEqual([])
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Compose that fills it in
  const outside = 'IDEM_SECRET: ${IDEM_SECRET:?set it}'
  expect(await problemsOf(compose, 'IDEM_SECRET_FILE: /run/secrets/idem-secret', outside)).toEqual([])
})

test('a folder without the files, an unknown option and a cry for help are answered', async () => {
  const missing = await check(folder)
  expect(missing).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('docker-compose.yml is missing.'),
  })
  const unknown = await check('--jsno')
  expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("'--jsno'") })
  const helped = await check('--help')
  expect(helped).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('examples:') })
})

test('the secrets are made once, whole, and for their owner alone', async () => {
  const copy = await brokenCopy('package.json', '"idem"', '"idem"')
  const make = () => execFileSync('sh', ['docker/make-secrets.sh'], { cwd: copy, encoding: 'utf8' })
  const read = async () => {
    const names = (await readdir(path.join(copy, 'secrets'))).toSorted()
    const texts = names.map((name) => readFile(path.join(copy, 'secrets', name), 'utf8'))
    return Object.fromEntries((await Promise.all(texts)).map((text, at) => [names[at], text]))
  }
  expect(make()).toBe('made secrets/postgres-password\nmade secrets/idem-secret\nmade secrets/database-url\n')
  const made = await read()
  expect(made).toEqual({
    'postgres-password': expect.stringMatching(/^[0-9a-f]{64}$/),
    'idem-secret': expect.stringMatching(/^[0-9a-f]{64}$/),
    'database-url': `postgres://idem:${made['postgres-password']}@postgres:5432/idem`,
  })
  expect(made['idem-secret']).not.toBe(made['postgres-password'])
  expect((await stat(path.join(copy, 'secrets'))).mode & 0o077).toBe(0)
  expect(make()).toBe('')
  expect(await read()).toEqual(made)
})
