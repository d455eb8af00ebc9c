// A machine whose account was merged elsewhere signs in again by itself: its key opens the survivor.

import { expect, test } from 'vitest'
import { serviceOfFile } from '../../support/service-of-file.js'
import { errorOf, TestMachine } from './try-cli.js'

const { idem, tables } = await serviceOfFile()

const machineOf = async (name: string): Promise<TestMachine> => {
  const machine = new TestMachine({ url: idem.url, clock: idem.clock })
  const { file } = await machine.keygen(`${name}.pem`)
  await machine.ask(['login', '--private-key', file])
  return machine
}

const accountOf = (machine: TestMachine): string => machine.kept.login.accountId

/** The identities of one account go to another, and its sessions end. */
const moveAll = async (from: string, to: string): Promise<void> => {
  await tables.query('update session set ended_at = started_at where account_id = $1', [from])
  await tables.query('update identity set account_id = $2 where account_id = $1', [from, to])
}

test('the session is opened again in the account that the old one was merged into', async () => {
  const [one, two] = [await machineOf('one'), await machineOf('two')]
  const [survivor, absorbed] = [accountOf(one), accountOf(two)]
  await moveAll(absorbed, survivor)
  await tables.query('update account set merged_into_id = $2 where id = $1', [absorbed, survivor])
  for (let count = 0; count < 2; count += 1) {
    const run = await two.run(['whoami', '--json'])
    expect(run).toMatchObject({ exitCode: 0 })
    expect(JSON.parse(run.stdout).account.id).toBe(survivor)
    await tables.query('update session set ended_at = started_at where account_id = $1', [survivor])
  }
})

test('a key that somebody else has now opens nothing silently', async () => {
  const [one, two] = [await machineOf('one'), await machineOf('two')]
  const [other, own] = [accountOf(one), accountOf(two)]
  await moveAll(own, other)
  const run = await two.run(['whoami', '--json'])
  expect(errorOf(run)).toMatchObject({
    code: 'SIGNED_OUT',
    message: expect.stringContaining(`no longer opens account ${own}; it opens account ${other} now`),
  })
})
