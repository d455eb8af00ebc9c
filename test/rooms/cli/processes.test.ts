// The command line as real processes: `bin/idem.js`, shells side by side, and one that is killed.

import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StubIdem } from './stub-idem.js'
import { freshFolder, type Run } from './try-cli.js'

const repository = path.resolve(import.meta.dirname, '../../..')
const folder = freshFolder()
const config = path.join(folder, 'config', 'config.json')

/** The package as a user has it: `bin/`, `package.json`, `node_modules/`, and a build of its own. */
const packageFolder = path.join(folder, 'package')

let stub: StubIdem
beforeAll(async () => {
  stub = await StubIdem.start()
  mkdirSync(packageFolder)
  symlinkSync(path.join(repository, 'node_modules'), path.join(packageFolder, 'node_modules'))
  for (const part of ['package.json', 'tsconfig.json', 'bin', 'src/cli', 'src/client']) {
    cpSync(path.join(repository, part), path.join(packageFolder, part), { recursive: true })
  }
})
afterAll(() => stub.stop())

const build = () => {
  const settings = {
    extends: './tsconfig.json',
    compilerOptions: { noEmit: false, outDir: 'dist' },
    include: ['src'],
  }
  writeFileSync(path.join(packageFolder, 'tsconfig.build.json'), JSON.stringify(settings))
  const tsc = path.join(repository, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: packageFolder, stdio: 'inherit' })
}

const start = (words: readonly string[], program = path.join(packageFolder, 'bin/idem.js')) => {
  const child = spawn(process.execPath, [program, ...words], {
    env: { PATH: process.env['PATH'], IDEM_URL: stub.url, IDEM_CONFIG: config },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const finished = new Promise<Run>((resolve) => {
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('close', (code) => resolve({ exitCode: code ?? -1, stdout, stderr }))
  })
  return { child, finished }
}

test('before the build it says what to run and ends with 70', async () => {
  const run = await start(['--help']).finished
  expect(run).toMatchObject({ exitCode: 70, stdout: '', stderr: expect.stringContaining('npm install') })
})

test('after the build it runs, knows its version, and ends by itself', async () => {
  build()
  const { version } = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8'))
  expect(await start(['--version']).finished).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
  expect(await start(['nonsense']).finished).toMatchObject({ exitCode: 2, stdout: '' })
}, 60_000)

test('ten shells at once refresh once between them', async () => {
  stub.accessTokenSeconds = 30
  expect(await start(['login', '--guest']).finished).toMatchObject({ exitCode: 0 })
  stub.accessTokenSeconds = 1500
  stub.calls.length = 0
  const runs = await Promise.all(Array.from({ length: 10 }, () => start(['token']).finished))
  const { accessToken } = JSON.parse(readFileSync(config, 'utf8')).servers[stub.url].tokens
  for (const run of runs) expect(run).toEqual({ exitCode: 0, stdout: `${accessToken}\n`, stderr: '' })
  expect(stub.operations).toEqual(['RefreshSession'])
}, 60_000)

test('a shell killed in the middle leaves a whole config, and the next one goes on', async () => {
  for (const delayMs of [60, 120, 180, 240]) {
    const { child, finished } = start(['login', '--guest'])
    setTimeout(() => child.kill('SIGKILL'), delayMs)
    await finished
    expect(JSON.parse(readFileSync(config, 'utf8')).version).toBe(1)
  }
  expect(await start(['token']).finished).toMatchObject({ exitCode: 0 })
}, 60_000)
