// Proofs: what is signed and what is sent.

import { randomBytes, sign } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { answerAsGuest, answerWithKey } from '../../../src/client/proof.js'
import { signIn } from '../../../src/client/sign-in.js'
import { httpTransport, type Transport } from '../../../src/client/transport.js'
import { KeyOwner } from '../../support/key-owner.js'
import { type TestService } from '../../support/start-service.js'
import { serverThatAnswers } from './no-idem.js'
import { startTappedService, Wiretap } from './wiretap.js'

let idem: TestService
let wire: Wiretap
let transport: Transport
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
  transport = httpTransport({ url: wire.url })
})
afterAll(async () => {
  await wire.stop()
  await idem.stop()
})
beforeEach(() => wire.forget())

test('a key signs the UTF-8 bytes of the message, and only the signature is sent', async () => {
  const { publicKey, privateKey } = new KeyOwner(idem)
  const signed: string[] = []
  const signer = {
    publicKey,
    sign: async (message: Uint8Array) => {
      signed.push(Buffer.from(message).toString('utf8'))
      return sign(null, message, privateKey)
    },
  }
  const answer = await answerWithKey(transport, signer, { purpose: 'SIGN_IN', handle: 'señor-ünïcode' })
  expect(signed).toEqual([expect.stringContaining('señor-ünïcode')])
  expect(await signIn(transport, answer)).toMatchObject({
    provisioned: true,
    account: { kind: 'PERSON', handle: 'señor-ünïcode' },
  })
  const [challenge, proof] = wire.calls.map(({ body }) => JSON.parse(body).variables)
  expect(challenge).toEqual({ input: { key: { publicKey, handle: 'señor-ünïcode' } }, purpose: 'SIGN_IN' })
  expect(proof.input).toEqual({
    challengeId: answer.challengeId,
    proof: { key: { signature: expect.stringMatching(/^[\w+/]{86}==$/) } },
  })
})

test('a guest answers no challenge, and a sign-in needs no bearer', async () => {
  const deviceSecret = randomBytes(32).toString('base64')
  const answer = answerAsGuest({ deviceSecret, deviceName: 'laptop' })
  const { account } = await signIn(transport, answer)
  expect(wire.calls).toMatchObject([{ operation: 'SignIn', bearer: null }])
  expect(await signIn(transport, answer)).toMatchObject({ provisioned: false, account: { id: account.id } })
})

test.each([
  ['that asks for a second factor has its challenge', { id: 'x', method: 'totp', methods: ['totp'] }],
  ['without tokens and without a challenge is none of ours', null],
])('an answer %s', async (_what, secondFactor) => {
  const result = { provisioned: false, account: null, tokens: null, secondFactor }
  await using ahead = await serverThatAnswers({ body: JSON.stringify({ data: { signIn: result } }) })
  const attempt = signIn(httpTransport({ url: ahead.url }), answerAsGuest({ deviceSecret: 'S' }))
  await expect(attempt).rejects.toMatchObject(
    secondFactor === null
      ? { code: 'UNEXPECTED_ANSWER' }
      : { code: 'STEP_UP_REQUIRED', details: { secondFactor } },
  )
})
