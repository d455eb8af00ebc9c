// Nobody there: what each command says and with which code it ends.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { closedAddress, serverThatAnswers } from '../client/no-idem.js'
import { errorOf, TestMachine } from './try-cli.js'

const url = await closedAddress()
const downMachine = () => new TestMachine({ url })
const seedHex = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'

const fromNow = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()
const inAnHour = fromNow(3600)
/** The config of a guest whose access token serves for an hour and came so long ago. */
const signedIn = (secondsAgo: number) => ({
  version: 1,
  url,
  servers: {
    [url]: {
      login: { method: 'guest', accountId: 'ACCOUNT' },
      deviceSecret: 'DEVICE-SECRET',
      tokens: {
        accessToken: 'ACCESS-TOKEN',
        tokenType: 'Bearer',
        accessTokenExpiresAt: fromNow(3600 - secondsAgo),
        refreshToken: 'REFRESH-TOKEN',
        refreshTokenExpiresAt: inAnHour,
        sessionExpiresAt: inAnHour,
        issuedAt: fromNow(-secondsAgo),
        receivedAt: fromNow(-secondsAgo),
      },
    },
  },
})

test.each([
  [['login', '--private-key', '-'], { stdin: seedHex }],
  [['login', '--guest'], {}],
  [['status'], {}],
  [['authenticate', 'login', '--userId=ada', '--privateKey=-'], { stdin: seedHex }],
])('idem %j ends with 4 and says what to do', async (words, circumstances) => {
  const machine = downMachine()
  const asJson = await machine.run([...words, '--json'], circumstances)
  expect(asJson.exitCode).toBe(4)
  expect(errorOf(asJson)).toMatchObject({
    code: 'UNREACHABLE',
    exitCode: 4,
    next: expect.stringContaining('npm start'),
  })
  const asText = await machine.run(words, circumstances)
  expect(asText.exitCode).toBe(4)
  expect(asText.stderr).toContain(`idem: Nothing answers at ${url}: the connection was refused.`)
})

test.each([
  [['whoami']],
  [['token']],
  [['keys', 'list']],
  [['keys', 'add', '--private-key', '-']],
  [['keys', 'remove', 'laptop']],
])('idem %j ends with 3 when nobody is signed in, without asking the server', async (words) => {
  const run = await downMachine().run([...words, '--json'], { stdin: seedHex })
  expect(run.exitCode).toBe(3)
  expect(run.stdout).toBe('')
  expect(errorOf(run)).toMatchObject({ code: 'SIGNED_OUT', next: expect.stringContaining('idem login') })
})

test('status tells what it knows on standard output although the server is down', async () => {
  const { stdout, exitCode } = await downMachine().run(['status', '--json'])
  expect(exitCode).toBe(4)
  expect(JSON.parse(stdout)).toMatchObject({ url, reachable: false, signedIn: false, account: null })
})

test('a token that is still fresh is printed without the server', async () => {
  const machine = downMachine()
  writeFileSync(machine.file('c.json'), JSON.stringify(signedIn(0)))
  const run = await machine.run(['token', '--config', machine.file('c.json')])
  expect(run).toEqual({ exitCode: 0, stdout: 'ACCESS-TOKEN\n', stderr: '' })
})

test('a token that must be refreshed is not, and nothing is lost', async () => {
  const machine = downMachine()
  const before = signedIn(3600)
  writeFileSync(machine.file('c.json'), JSON.stringify(before))
  const run = await machine.run(['token'], { environment: { IDEM_CONFIG: machine.file('c.json') } })
  expect(run.exitCode).toBe(4)
  expect(run.stdout).toBe('')
  expect(JSON.parse(readFileSync(machine.file('c.json'), 'utf8'))).toMatchObject(before)
})

test('logout works offline: forgotten here, with a warning, the guest able to come back', async () => {
  const machine = downMachine()
  writeFileSync(machine.file('c.json'), JSON.stringify(signedIn(0)))
  const { exitCode, stdout, stderr } = await machine.run(['logout', '--config', machine.file('c.json')])
  expect(exitCode).toBe(0)
  expect(stdout).toContain('Signed out')
  expect(stderr).toContain('warning: the session was forgotten here')
  const { [url]: entry } = JSON.parse(readFileSync(machine.file('c.json'), 'utf8')).servers
  const kept = { deviceSecret: 'DEVICE-SECRET', emailKeys: [], deviceKeys: [] }
  expect(entry).toEqual({ login: null, tokens: null, ...kept })
})

test('logout when nobody is signed in is no error and writes nothing', async () => {
  const machine = downMachine()
  const { exitCode, stdout } = await machine.run(['logout', '--json'])
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ wasSignedIn: false, endedAtServer: false, url })
  expect(existsSync(machine.configPath)).toBe(false)
})

test('a damaged config ends with 8', async () => {
  const machine = downMachine()
  writeFileSync(machine.file('c.json'), '{')
  const run = await machine.run(['token', '--json', '--config', machine.file('c.json')])
  expect(run.exitCode).toBe(8)
  expect(errorOf(run)).toMatchObject({
    code: 'CONFIG_DAMAGED',
    next: expect.stringContaining('move it away'),
  })
})

test('something else that answers ends with 4 and is not taken for Idem', async () => {
  await using webPage = await serverThatAnswers({ status: 404, body: '<html>' })
  const run = await downMachine().run(['login', '--guest', '--json', '--url', `${webPage.url}/graphql/`])
  expect(webPage.arrivals).toMatchObject([{ path: '/graphql' }])
  expect(run.exitCode).toBe(4)
  expect(errorOf(run)).toMatchObject({ code: 'UNEXPECTED_ANSWER' })
})

test('a guest whose first login fails keeps the secret for the next try', async () => {
  const machine = downMachine()
  await machine.run(['login', '--guest'])
  const first = machine.kept.deviceSecret
  expect(Buffer.from(first, 'base64')).toHaveLength(32)
  await machine.run(['login', '--guest'])
  expect(machine.kept.deviceSecret).toBe(first)
})
