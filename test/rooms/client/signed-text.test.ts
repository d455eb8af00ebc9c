// What a key signs: only a text that names the server reached, and what was asked for there.

import { sign } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { IdemError } from '../../../src/client/idem-error.js'
import { answerWithKey, type ChallengePurpose } from '../../../src/client/proof.js'
import { signIn } from '../../../src/client/sign-in.js'
import { httpTransport, type Transport } from '../../../src/client/transport.js'
import { KeyOwner } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'
import { errorOf, TestMachine } from '../cli/try-cli.js'
import { altered, type Incident, startTappedService, Wiretap } from './wiretap.js'

let idem: TestService
let wire: Wiretap
/** A server of somebody else, which passes on what the real one asks. */
let relay: Wiretap
let tables: Tables
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
  relay = await Wiretap.to(idem.url)
  tables = await Tables.open(idem.databaseUrl)
})
afterAll(async () => {
  await tables.close()
  await relay.stop()
  await wire.stop()
  await idem.stop()
})
beforeEach(() => {
  wire.forget()
  relay.forget()
})

const hostOf = (url: string): string => new URL(url).host

/** A signer that remembers whether it was used. */
const newSigner = () => {
  const { publicKey, privateKey } = new KeyOwner(idem)
  const signed: string[] = []
  return {
    publicKey,
    signed,
    sign: async (message: Uint8Array) => {
      signed.push(Buffer.from(message).toString())
      return sign(null, message, privateKey)
    },
  }
}

type Asked = { readonly purpose: ChallengePurpose; readonly handle?: string }

/** The refusal to sign; the signer was not touched. */
const refusal = async (url: string, asked: Asked = { purpose: 'SIGN_IN' }): Promise<IdemError> => {
  const signer = newSigner()
  const error = await answerWithKey(httpTransport({ url }), signer, asked).catch(
    (thrown: IdemError) => thrown,
  )
  expect(signer.signed).toEqual([])
  if (!(error instanceof Error)) throw new Error('it was signed')
  return error
}

const discovery = '/.well-known/openid-configuration'
const issuerOf =
  (issuer: unknown): Incident =>
  (_call, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ issuer }))

test('a server that relays what another one asks gets no signature, and is told apart by name', async () => {
  const before = await tables.contents()
  const error = await refusal(relay.url)
  expect(error).toMatchObject({
    code: 'WRONG_CHALLENGE',
    message: expect.stringMatching(`${hostOf(relay.url)}.*${hostOf(wire.url)}`),
  })
  expect(await tables.contents()).toEqual(before)
})

test('nor does one that relays and calls itself what it is', async () => {
  relay.onNext(discovery, issuerOf(relay.url))
  expect(await refusal(relay.url)).toMatchObject({
    code: 'WRONG_CHALLENGE',
    message: expect.stringContaining(hostOf(wire.url)),
  })
})

test('nor one that puts its own name into the text while its document names another', async () => {
  relay.onNext(
    'IssueChallenge',
    altered(idem.url, (text) => text.replaceAll(hostOf(wire.url), hostOf(relay.url))),
  )
  expect(await refusal(relay.url)).toMatchObject({
    code: 'WRONG_CHALLENGE',
    message: expect.stringContaining(`calls itself ${wire.url}`),
  })
})

test.each(['LINK_IDENTITY', 'STEP_UP'] as const)('%s is held to the same', async (purpose) => {
  const { accessToken } = await new KeyOwner(idem).signIn()
  const url = relay.url
  const signer = newSigner()
  const bearer: Transport = {
    ...httpTransport({ url }),
    send: (call) => httpTransport({ url }).send({ ...call, accessToken }),
  }
  await expect(answerWithKey(bearer, signer, { purpose })).rejects.toMatchObject({ code: 'WRONG_CHALLENGE' })
  expect(signer.signed).toEqual([])
})

test('the command line says what it saw, signs nothing and keeps nothing', async () => {
  const machine = new TestMachine({ url: relay.url })
  const { file } = await machine.keygen('ada.pem')
  const run = await machine.run(['login', '--private-key', file, '--json'])
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)).toMatchObject({
    code: 'WRONG_CHALLENGE',
    message: expect.stringContaining(hostOf(wire.url)),
    next: expect.stringContaining('--url'),
  })
  expect(relay.operations).toEqual(['IssueChallenge'])
})

const aKey = Buffer.alloc(32, 7).toString('base64')

test.each<[string, Asked, (text: string) => string, string]>([
  [
    'another purpose',
    { purpose: 'SIGN_IN' },
    (text) => text.replace(': SIGN_IN', ': LINK_IDENTITY'),
    'LINK_IDENTITY',
  ],
  ['another key', { purpose: 'SIGN_IN' }, (text) => text.replace(/(?<=Public key: ).*/, aKey), aKey],
  [
    'another handle',
    { purpose: 'SIGN_IN', handle: 'ada' },
    (text) => text.replace('Handle: ada', 'Handle: eve'),
    'eve',
  ],
  [
    'a handle that nobody asked for',
    { purpose: 'SIGN_IN' },
    (text) => text.replace('Nonce', 'Handle: eve\nNonce'),
    'eve',
  ],
  [
    'no handle',
    { purpose: 'SIGN_IN', handle: 'ada' },
    (text) => text.replace('Handle: ada\n', ''),
    'no handle',
  ],
  ['no purpose', { purpose: 'SIGN_IN' }, (text) => text.replace(/Purpose: .*\n/, ''), 'no purpose'],
  ['no server', { purpose: 'SIGN_IN' }, (text) => text.replace(/Domain: .*\n/, ''), 'no server'],
  [
    'another server in its first line',
    { purpose: 'SIGN_IN' },
    (text) => text.replace(/^\S+/, 'evil.example'),
    'form',
  ],
  [
    'two servers',
    { purpose: 'SIGN_IN' },
    (text) => text.replace('Nonce', 'Domain: evil.example\nNonce'),
    'form',
  ],
  [
    'a server with a user before it',
    { purpose: 'SIGN_IN' },
    (text) => text.replaceAll(/127\.0\.0\.1:\d+/g, 'x@$&'),
    'x@127',
  ],
  [
    'lines after a carriage return',
    { purpose: 'SIGN_IN' },
    (text) => text.replace('Nonce', 'X: y\rDomain: e\nNonce'),
    'form',
  ],
  ['words where its fields belong', { purpose: 'SIGN_IN' }, (text) => `${text}\nand that is all`, 'form'],
  ['a bell', { purpose: 'SIGN_IN' }, (text) => text.replace('Signs in', 'Signs\u0007 in'), 'form'],
  ['a megabyte', { purpose: 'SIGN_IN' }, (text) => `${text}${'\nA: b'.repeat(200_000)}`, 'form'],
  ['nothing', { purpose: 'SIGN_IN' }, () => '', 'form'],
])('a text with %s is not signed', async (_what, asked, change, seen) => {
  wire.onNext('IssueChallenge', altered(idem.url, change))
  const error = await refusal(wire.url, asked)
  expect(error).toMatchObject({ code: 'WRONG_CHALLENGE', message: expect.stringContaining(seen) })
  expect(error.message.length).toBeLessThan(500)
})

test.each<[string, Incident]>([
  ['has no discovery document', (_call, response) => response.writeHead(404).end('<html>')],
  ['has one that names nobody', issuerOf(undefined)],
  ['has one that names no address', issuerOf('me')],
  ['sends on to that of another', (_call, response) => response.writeHead(302, { location: idem.url }).end()],
])('a server that %s gets no signature', async (_what, incident) => {
  wire.onNext(discovery, incident)
  expect(await refusal(wire.url)).toMatchObject({ code: 'UNEXPECTED_ANSWER' })
})

test('the two names of this machine are one, its ports are not', async () => {
  const local = await startTestService()
  try {
    const port = new URL(local.url).port
    const signer = newSigner()
    const transport = httpTransport({ url: `http://127.0.0.1:${port}` })
    const answer = await answerWithKey(transport, signer, { purpose: 'SIGN_IN' })
    expect((await signIn(transport, answer)).provisioned).toBe(true)
    expect(signer.signed).toEqual([expect.stringContaining(`Domain: localhost:${port}`)])
  } finally {
    await local.stop()
  }
})

test('a handle is compared as the server spells it', async () => {
  const signer = newSigner()
  await answerWithKey(httpTransport({ url: wire.url }), signer, { purpose: 'SIGN_IN', handle: 'Straße-Ⅷ' })
  expect(signer.signed).toEqual([expect.stringContaining('Handle: strasse-viii')])
})

test('the discovery document is asked for once', async () => {
  const transport = httpTransport({ url: wire.url })
  await answerWithKey(transport, newSigner(), { purpose: 'SIGN_IN' })
  wire.onNext(discovery, (_call, response) => response.destroy())
  await answerWithKey(transport, newSigner(), { purpose: 'SIGN_IN' })
})
