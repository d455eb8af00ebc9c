// The config file: who may read it, what survives a crash, and many writers at once.

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type Config, emptyConfig, withServerEntry } from '../../../src/cli/config.js'
import { configFile } from '../../../src/cli/config-file.js'
import { parseConfig } from '../../../src/cli/parse-config.js'
import { freshFolder } from './try-cli.js'

const modeOf = (file: string) => statSync(file).mode & 0o777
const url = 'http://localhost:4000'

test('no file is the empty config, and reading makes none', async () => {
  const file = path.join(freshFolder(), 'idem', 'config.json')
  expect(await configFile(file).read()).toEqual(emptyConfig)
  expect(existsSync(path.dirname(file))).toBe(false)
})

test('the file is 0600 in a folder of 0700, with nothing left beside it', async () => {
  const file = path.join(freshFolder(), 'idem', 'config.json')
  await configFile(file).update(async (config) => ({ ...config, url }))
  expect(modeOf(file)).toBe(0o600)
  expect(modeOf(path.dirname(file))).toBe(0o700)
  expect(readdirSync(path.dirname(file))).toEqual(['config.json'])
  expect((await configFile(file).read()).url).toBe(url)
})

test('a file that others could read is closed by the next write', async () => {
  const file = path.join(freshFolder(), 'config.json')
  writeFileSync(file, JSON.stringify(emptyConfig))
  chmodSync(file, 0o644)
  await configFile(file).update(async (config) => ({ ...config, url }))
  expect(modeOf(file)).toBe(0o600)
})

test('the file is replaced, not rewritten: whoever has the old one open reads it to its end', async () => {
  const file = path.join(freshFolder(), 'config.json')
  await configFile(file).update(async (config) => ({ ...config, url }))
  const before = statSync(file).ino
  await configFile(file).update(async (config) => ({ ...config, url: 'http://other' }))
  expect(statSync(file).ino).not.toBe(before)
})

test('a change that fails leaves the file as it was, and the lock free', async () => {
  const file = path.join(freshFolder(), 'config.json')
  await configFile(file).update(async (config) => ({ ...config, url }))
  const before = readFileSync(file, 'utf8')
  const failing = configFile(file).update(() => Promise.reject(new Error('network')))
  await expect(failing).rejects.toThrow('network')
  expect(readFileSync(file, 'utf8')).toBe(before)
  expect(readdirSync(path.dirname(file))).toEqual(['config.json'])
})

test('fields of a later version are kept at every level', async () => {
  const file = path.join(freshFolder(), 'config.json')
  const tokens = {
    accessToken: 'a',
    tokenType: 'Bearer',
    accessTokenExpiresAt: '2026-01-01T00:00:00Z',
    refreshToken: 'r',
    refreshTokenExpiresAt: '2026-01-01T00:00:00Z',
    sessionExpiresAt: '2026-01-01T00:00:00Z',
    issuedAt: '2026-01-01T00:00:00Z',
    receivedAt: '2026-01-01T00:00:00Z',
    refreshStartedAt: null,
    later: 1,
  }
  const login = {
    method: 'key',
    accountId: 'a',
    publicKey: 'p',
    privateKeyFile: null,
    handle: 'ada',
    later: 2,
  }
  const emailKey = {
    address: 'a@b.c',
    accountId: 'a',
    publicKey: 'p',
    privateKey: 's',
    handle: null,
    later: 5,
  }
  const deviceKey = { accountId: 'a', addresses: ['a@b.c'], publicKey: 'p', privateKey: 's', later: 6 }
  const keys = { emailKeys: [emailKey], deviceKeys: [deviceKey] }
  const entry = { login, tokens, deviceSecret: null, ...keys, later: 3 }
  const written = { version: 1, url: null, later: 4, servers: { [url]: entry } }
  writeFileSync(file, JSON.stringify(written))
  await configFile(file).update(async (config) => ({ ...config, url }))
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...written, url })
})

test('a config from before logins by mail, and from before devices, is read as it is', () => {
  const servers = { [url]: { login: null, tokens: null, deviceSecret: 's' } }
  const config = parseConfig(JSON.stringify({ version: 1, url: null, servers }))
  const keys = { emailKeys: [], deviceKeys: [] }
  expect(config.servers[url]).toEqual({ login: null, tokens: null, deviceSecret: 's', ...keys })
})

test('a config that is a link stays one', async () => {
  const folder = freshFolder()
  const target = path.join(folder, 'dotfiles.json')
  const file = path.join(folder, 'config.json')
  writeFileSync(target, JSON.stringify(emptyConfig))
  symlinkSync(target, file)
  await configFile(file).update(async (config) => ({ ...config, url }))
  expect(lstatSync(file).isSymbolicLink()).toBe(true)
  expect(JSON.parse(readFileSync(target, 'utf8')).url).toBe(url)
})

test.each([
  ['not JSON', '{"version":1,', 'it is not JSON'],
  ['empty', '', 'it is not JSON'],
  ['a list', '[]', 'it is not an object'],
  ['a later version', '{"version":2}', 'its version is not 1'],
  ['servers of the wrong type', '{"version":1,"servers":[]}', 'servers is not an object'],
  ['keys of the wrong type', '{"version":1,"servers":{"u":{"emailKeys":{}}}}', 'emailKeys is not a list'],
  [
    'half a key',
    '{"version":1,"servers":{"u":{"emailKeys":[{"address":"TOP"}]}}}',
    'emailKeys[0].accountId is not a string',
  ],
  ['an unknown login', '{"version":1,"servers":{"u":{"login":{"method":"x"}}}}', 'login.method is not known'],
  [
    'a login to no account',
    '{"version":1,"servers":{"u":{"login":{"method":"guest"}}}}',
    'login.accountId is not a string',
  ],
  [
    'half a token',
    '{"version":1,"servers":{"u":{"tokens":{"accessToken":"TOP"}}}}',
    'tokenType is not a string',
  ],
])('a config that is %s says so and what to do, without quoting it', async (_what, text, sentence) => {
  const file = path.join(freshFolder(), 'config.json')
  writeFileSync(file, text)
  const reading = configFile(file).read()
  await expect(reading).rejects.toMatchObject({
    code: 'CONFIG_DAMAGED',
    message: expect.stringContaining(sentence),
    next: expect.stringContaining('move it away'),
  })
  await expect(reading).rejects.not.toMatchObject({ message: expect.stringContaining('TOP') })
  expect(readFileSync(file, 'utf8')).toBe(text)
})

test('a folder that cannot be made is CONFIG_NOT_WRITTEN', async () => {
  const blocked = path.join(freshFolder(), 'file')
  writeFileSync(blocked, '')
  const writing = configFile(path.join(blocked, 'config.json')).update(async (config) => ({ ...config, url }))
  await expect(writing).rejects.toMatchObject({ code: 'CONFIG_NOT_WRITTEN' })
})

test('many writers at once: each change is kept, and no reader sees half a file', async () => {
  const file = path.join(freshFolder(), 'config.json')
  const writers = 30
  let isDone = false
  const reader = (async () => {
    while (!isDone) {
      await configFile(file).read()
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const add = (number: number) => async (config: Config) => withServerEntry(config, `http://s${number}`, {})
  await Promise.all(Array.from({ length: writers }, (_, number) => configFile(file).update(add(number))))
  isDone = true
  await reader
  expect(Object.keys((await configFile(file).read()).servers)).toHaveLength(writers)
}, 60_000)

test('the lock that an older version left is taken over', async () => {
  const file = path.join(freshFolder(), 'config.json')
  mkdirSync(`${file}.lock`)
  await configFile(file).update(async (config) => ({ ...config, url }))
  expect((await configFile(file).read()).url).toBe(url)
})

test('what is kept early is on the disk before the change has ended, and stays when that fails', async () => {
  const file = path.join(freshFolder(), 'config.json')
  const failing = configFile(file).update(async (config, keep) => {
    await keep({ ...config, url })
    expect((await configFile(file).read()).url).toBe(url)
    throw new Error('killed')
  })
  await expect(failing).rejects.toThrow('killed')
  expect((await configFile(file).read()).url).toBe(url)
})

test('a folder that goes away under the lock is CONFIG_NOT_WRITTEN, for the release too', async () => {
  const folder = path.join(freshFolder(), 'idem')
  const writing = configFile(path.join(folder, 'config.json')).update(async (config) => {
    rmSync(folder, { recursive: true })
    writeFileSync(folder, '')
    return { ...config, url }
  })
  await expect(writing).rejects.toMatchObject({ code: expect.stringMatching(/^CONFIG_/) })
})
