// Help: every command shows how it is used, and the exit codes stand in one table.

import { expect, test } from 'vitest'
import { exitCodes, exitNameOf } from '../../../src/cli/exit-code.js'
import { refusalCodes } from '../../../src/client/idem-error.js'
import { commandPaths, TestMachine } from './try-cli.js'

const machine = new TestMachine({ url: 'http://127.0.0.1:1' })

test('the commands are the documented ones', () => {
  expect(commandPaths().map((words) => words.join(' '))).toEqual([
    'login',
    'client',
    'whoami',
    'token',
    'status',
    'identities',
    'identities rename',
    'identities remove',
    'keys',
    'keys list',
    'keys add',
    'keys remove',
    'passwords',
    'passwords set',
    'passwords reset',
    'passwords cancel',
    'devices',
    'devices list',
    'devices remove',
    'totp',
    'totp enrol',
    'totp remove',
    'recovery-codes',
    'merge',
    'merges',
    'undo-merge',
    'keygen',
    'export',
    'delete-account',
    'logout',
    'jobs',
    'jobs failed',
    'jobs retry',
    'webhooks',
    'webhooks add',
    'webhooks list',
    'webhooks log',
    'webhooks redeliver',
    'webhooks change',
    'webhooks rotate',
    'webhooks remove',
    'webhooks listen',
    'authenticate',
    'authenticate login',
  ])
})

test.each([[], ...commandPaths()].map((words) => ({ words })))(
  'idem $words --help has examples',
  async ({ words }) => {
    const { exitCode, stdout, stderr } = await machine.run([...words, '--help'])
    expect(exitCode).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/\nExamples:\n {2}\S/)
    expect(stdout).toMatch(/\nExit codes:/)
    expect(stdout).toContain('--json')
    expect(stdout).toContain('--config <file>')
  },
)

test('idem --help lists every exit code', async () => {
  const { stdout } = await machine.run(['--help'])
  for (const { status, meaning } of Object.values(exitCodes)) {
    expect(stdout).toMatch(new RegExp(`^ {2}${status} +${meaning.slice(0, 30)}`, 'm'))
  }
})

test('every refusal of the server has an exit code other than 0', () => {
  for (const code of refusalCodes) expect(exitCodes[exitNameOf[code]].status).toBeGreaterThan(0)
})

test('--version prints the version', async () => {
  expect(await machine.run(['--version'])).toEqual({ exitCode: 0, stdout: '0.0.0-test\n', stderr: '' })
})

test.each([
  [[]],
  [['keys']],
  [['nonsense']],
  [['login', '--nonsense']],
  [['keys', 'add']],
  [['keys', 'remove']],
  [['identities', 'nonsense']],
  [['identities', 'rename', 'x']],
  [['identities', 'remove']],
  [['jobs', 'nonsense']],
  [['jobs', 'retry']],
  [['jobs', 'retry', 'x', '--all']],
  [['authenticate', 'login']],
  [['login', '--guest', '--handle', 'ada']],
  [['login', '--guest', '--password']],
  [['login', '--password', '--handle', 'ada', '--email', 'ada@example.org']],
  [['login', '--password', '--private-key', 'x']],
  [['login', '--password', '--no-wait']],
  [['passwords', 'reset', '--wait', '--recovery-code']],
  [['login', '--wallet-key', 'x', '--private-key', 'y']],
  [['login', '--wallet-key', 'x', '--chain', 'mainnet']],
  [['login', '--chain', '10']],
  [['login', '--password', '--handle', 'ada', '--chain', '10']],
  [['status', '--url', 'ftp://example.org']],
  [['status', '--url', 'http://user:pass@example.org']],
])('idem %j is a usage error', async (words) => {
  const { exitCode, stdout, stderr } = await machine.run([...words, '--json'])
  expect(exitCode).toBe(2)
  expect(stdout).toBe('')
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'USAGE', exitCode: 2 } })
})

test('the value of a misspelled option is not repeated', async () => {
  const { stderr } = await machine.run(['authenticate', 'login', '--userId=a', "--privateKye=TOP'SECRET"])
  expect(stderr).toContain('--privateKye')
  expect(stderr).not.toContain('TOP')
  expect(stderr).not.toContain('SECRET')
})
