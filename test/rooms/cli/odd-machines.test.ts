// The command line on machines where something usual is missing: it works where it can, and else says one sentence.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { configFolder } from '../../../src/cli/config-folder.js'
import { closedAddress, serverThatAnswers } from '../client/no-idem.js'
import { installedNodes, Shell, type ShellOptions } from './shell.js'
import { errorOf, type Run } from './try-cli.js'

const url = await closedAddress()
const isRoot = process.getuid?.() === 0
/** An id that no machine has an entry for. */
const strangerId = 54_321

const shellOf = (options: Partial<ShellOptions>): Shell => {
  const shell = new Shell({ url, ...options })
  chmodSync(shell.folder, 0o755)
  return shell
}

const homeless = { HOME: undefined, IDEM_CONFIG: undefined }

/** One sentence and one next step, and never a stack. */
const expectFailure = (run: Run, exitCode: number, sentence: string): void => {
  expect(run).toMatchObject({ exitCode, stdout: '', stderr: expect.stringContaining(`idem: ${sentence}`) })
  expect(run.stderr.slice(run.stderr.indexOf('idem: ')).trimEnd().split('\n')).toHaveLength(2)
}

describe.each(installedNodes())('on Node $version', ({ path: node }) => {
  test.each<[string, Partial<ShellOptions>]>([
    ['no HOME', { environment: homeless }],
    ['an empty HOME', { environment: { ...homeless, HOME: '' } }],
    ['relative folders', { environment: { ...homeless, HOME: 'home', XDG_CONFIG_HOME: 'config' } }],
    ['a config that is a folder', { environment: { IDEM_CONFIG: '/' } }],
    ['a config that cannot be', { environment: { IDEM_CONFIG: '/dev/null/idem/config.json' } }],
    ['wrong addresses', { environment: { HTTPS_PROXY: 'a b', HTTP_PROXY: 'a b', IDEM_URL: 'a b' } }],
    ['no terminal type', { environment: { TERM: undefined } }],
    ['a dumb terminal', { environment: { TERM: 'dumb', NO_COLOR: '1', COLUMNS: '0', LINES: '0' } }],
    ['forced colours', { environment: { FORCE_COLOR: '3' } }],
    ...(isRoot
      ? [
          ['a user without an entry', { userId: strangerId, environment: homeless }] as [
            string,
            Partial<ShellOptions>,
          ],
        ]
      : []),
  ])('--help and --version work with %s', async (_what, options) => {
    const shell = shellOf({ node, ...options })
    expect(await shell.run(['--version'])).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    })
    const help = await shell.run(['login', '--help'])
    expect(help).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Usage: idem login'),
      stderr: '',
    })
    expect(help.stdout).not.toContain('\u001B')
  })

  test('--help works in a folder that was removed, and a relative file there is refused', async () => {
    const shell = shellOf({ node })
    const help = await shell.runLine('mkdir gone && cd gone && rmdir ../gone && idem --help')
    expect(help).toMatchObject({ exitCode: 0, stderr: '' })
    const keygen = await shell.runLine('mkdir gone && cd gone && rmdir ../gone && idem keygen --out ada.pem')
    expectFailure(keygen, 2, 'ada.pem is relative to a folder that does not exist any more.')
  })

  test.each([
    ['--version', 74],
    ['--help', 74],
    ['keygen --out ada.pem', 74],
    ['status', 4],
  ])('idem %s > /dev/full ends with %i in one sentence', async (line, exitCode) => {
    const run = await shellOf({ node }).runLine(`idem ${line} > /dev/full`)
    expect(run).toMatchObject({ exitCode, stdout: '' })
    expect(run.stderr).not.toMatch(/^ +at |node:/m)
    if (exitCode === 74) expect(run.stderr).toContain('idem: What was asked for was done, but its result')
    if (exitCode === 74) expect(run.stderr).toContain('the disk is full (ENOSPC)')
  })

  test('with --json the lost result is an error in JSON', async () => {
    const run = await shellOf({ node }).runLine('idem keygen --out ada.pem --json > /dev/full')
    expect(errorOf(run)).toMatchObject({ code: 'OUTPUT_NOT_WRITTEN', exitCode: 74 })
  })

  test.each([
    ['idem --version 2> /dev/full', 0],
    ['idem --version > /dev/full 2> /dev/full', 74],
    ['idem status > /dev/null 2> /dev/full', 4],
    ['idem --version >&-', 0],
    ['idem status 2>&- >&- <&-', 4],
    ['{ idem --help; echo $? >&3; } 3> code | true; exit "$(cat code)"', 0],
    ['{ idem status 2>&1 >/dev/null; echo $? >&3; } 3> code | true; exit "$(cat code)"', 4],
  ])('%s ends with %i', async (line, exitCode) => {
    const run = await shellOf({ node }).runLine(`set +e; ${line}`)
    expect(run.exitCode).toBe(exitCode)
    expect(run.stderr).not.toMatch(/^ +at |node:/m)
  })

  test('without a home folder, what needs the config says so, and what does not works', async () => {
    const options = { node, environment: homeless, ...(isRoot ? { userId: strangerId } : {}) }
    const shell = shellOf(isRoot ? options : { node, environment: { ...homeless, HOME: '' } })
    chmodSync(shell.folder, 0o777)
    for (const words of [['status'], ['login', '--guest'], ['keygen']])
      expectFailure(
        await shell.run(words),
        8,
        'There is no place for the config file: no home folder is known.',
      )
    expect(await shell.run(['keygen', '--out', 'ada.pem'])).toMatchObject({ exitCode: 0 })
    const named = await shell.run(['status', '--config', 'c.json'])
    expect(named).toMatchObject({ exitCode: 4, stdout: expect.stringContaining('c.json') })
  })

  test('a relative XDG_CONFIG_HOME is ignored, an absolute one is not', async () => {
    const shell = shellOf({ node, environment: { IDEM_CONFIG: undefined, XDG_CONFIG_HOME: 'config' } })
    const { stdout } = await shell.run(['status', '--json'])
    expect(JSON.parse(stdout).config).toBe(shell.file('.config/idem/config.json'))
    const other = shellOf({ node, environment: { IDEM_CONFIG: undefined, XDG_CONFIG_HOME: shell.folder } })
    expect(JSON.parse((await other.run(['status', '--json'])).stdout).config).toBe(
      shell.file('idem/config.json'),
    )
  })

  test.each([
    ['/dev/null/idem/config.json', 'a part of the path is no folder (ENOTDIR)'],
    ['/proc/idem/config.json', 'the folder does not exist (ENOENT)'],
  ])('a config at %s is refused before anything is sent', async (config, because) => {
    await using server = await serverThatAnswers({ body: '{}' })
    const shell = shellOf({ node, url: server.url, environment: { IDEM_CONFIG: config } })
    expectFailure(await shell.run(['login', '--guest']), 8, `The config file ${config} cannot be`)
    expect((await shell.run(['login', '--guest'])).stderr).toContain(because)
    expect(server.arrivals).toEqual([])
  })

  test('what a full disk cuts off leaves no file behind', async () => {
    const shell = shellOf({ node })
    const full = 'ulimit -f 0; trap "" XFSZ;'
    const keygen = await shell.runLine(`${full} idem keygen --out ada.pem`)
    expectFailure(keygen, 1, `${shell.file('ada.pem')} cannot be written`)
    expectFailure(await shell.runLine(`${full} idem login --guest`), 8, 'The config file')
    expect(existsSync(shell.file('ada.pem'))).toBe(false)
    expect(readdirSync(path.dirname(shell.configPath))).toEqual([])
  })
})

const signedIn = (secondsAgo: number) => {
  const at = (seconds: number): string => new Date(Date.now() + (seconds - secondsAgo) * 1000).toISOString()
  const tokens = {
    accessToken: 'ACCESS-TOKEN',
    tokenType: 'Bearer',
    accessTokenExpiresAt: at(3_600),
    refreshToken: 'REFRESH-TOKEN',
    refreshTokenExpiresAt: at(90_000),
    sessionExpiresAt: at(90_000),
    issuedAt: at(0),
    receivedAt: at(0),
  }
  return (address: string) =>
    JSON.stringify({ version: 1, url: address, servers: { [address]: { login: null, tokens } } })
}

test.skipIf(!isRoot)(
  'a config that may only be read: a fresh token is printed, an old one not sent',
  async () => {
    await using server = await serverThatAnswers({ body: '{}' })
    const shell = shellOf({ url: server.url, userId: strangerId })
    mkdirSync(path.dirname(shell.configPath))
    writeFileSync(shell.configPath, signedIn(0)(server.url))
    expect(await shell.run(['token'])).toEqual({ exitCode: 0, stdout: 'ACCESS-TOKEN\n', stderr: '' })
    writeFileSync(shell.configPath, signedIn(7_200)(server.url))
    const before = readFileSync(shell.configPath, 'utf8')
    const refused = await shell.run(['token'])
    expectFailure(
      refused,
      8,
      `The config file ${shell.configPath} cannot be written: no permission (EACCES).`,
    )
    expect(readFileSync(shell.configPath, 'utf8')).toBe(before)
    expect(server.arrivals).toEqual([])
    chmodSync(shell.configPath, 0o600)
    expectFailure(
      await shell.run(['token']),
      8,
      `The config file ${shell.configPath} cannot be read: no permission (EACCES).`,
    )
  },
)

const home = '/home/ada'
test.each([
  ['linux', {}, home, '/home/ada/.config/idem'],
  ['linux', { XDG_CONFIG_HOME: '/etc/ada' }, home, '/etc/ada/idem'],
  ['linux', { XDG_CONFIG_HOME: 'etc' }, home, '/home/ada/.config/idem'],
  ['linux', { XDG_CONFIG_HOME: '' }, home, '/home/ada/.config/idem'],
  ['linux', { XDG_CONFIG_HOME: '/etc/ada' }, null, '/etc/ada/idem'],
  ['linux', { XDG_CONFIG_HOME: 'etc' }, null, null],
  ['linux', {}, 'home', null],
  ['darwin', { XDG_CONFIG_HOME: '/etc/ada' }, '/Users/ada', '/Users/ada/Library/Preferences/idem'],
  ['darwin', {}, null, null],
  ['win32', { APPDATA: 'D:\\Roaming' }, 'C:\\Users\\ada', 'D:\\Roaming\\idem\\Config'],
  ['win32', { APPDATA: 'Roaming' }, 'C:\\Users\\ada', 'C:\\Users\\ada\\AppData\\Roaming\\idem\\Config'],
  ['win32', {}, null, null],
] as const)(
  'on %s with %j and the home %s the config folder is %s',
  (platform, environment, homeFolder, folder) => {
    expect(configFolder({ platform, environment, home: homeFolder })).toBe(folder)
  },
)
