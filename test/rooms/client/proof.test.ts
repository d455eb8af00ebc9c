// Proofs: what is signed and what is sent.

import { expect, test } from 'vitest'
import { answerAsGuest, answerWithKey } from '../../../src/client/proof.js'
import { signIn } from '../../../src/client/sign-in.js'
import type { GraphqlCall, Transport } from '../../../src/client/transport.js'

const replying = (data: object) => {
  const calls: GraphqlCall[] = []
  const transport: Transport = {
    async send<Data>(call: GraphqlCall): Promise<Data> {
      calls.push(call)
      return data as Data
    },
  }
  return { transport, calls }
}

test('a key signs the UTF-8 bytes of the message exactly as given, and only the signature is sent', async () => {
  const message = 'Idem: señor ünïcode\n\twith trailing space \r\n'
  const { transport, calls } = replying({ issueChallenge: { id: 'c1', message } })
  const signed: Uint8Array[] = []
  const signer = {
    publicKey: 'PUB',
    sign: async (bytes: Uint8Array) => {
      signed.push(bytes)
      return new Uint8Array(64).fill(255)
    },
  }
  const answer = await answerWithKey(transport, signer, { purpose: 'SIGN_IN', handle: 'ada' })
  expect(signed.map((bytes) => Buffer.from(bytes).toString('utf8'))).toEqual([message])
  expect(calls[0]?.variables).toEqual({
    input: { key: { publicKey: 'PUB', handle: 'ada' } },
    purpose: 'SIGN_IN',
  })
  const signature = Buffer.alloc(64, 255).toString('base64')
  expect(answer).toEqual({ challengeId: 'c1', proof: { key: { signature } } })
})

test('a guest answers no challenge', () => {
  const answer = answerAsGuest({ deviceSecret: 'S', deviceName: 'laptop' })
  expect(answer).toEqual({ proof: { anonymous: { deviceSecret: 'S', deviceName: 'laptop' } } })
})

test('an account that asks for a second factor is a clear error, not a session without tokens', async () => {
  const { transport } = replying({ signIn: { provisioned: false, account: null, tokens: null } })
  const attempt = signIn(transport, answerAsGuest({ deviceSecret: 'S' }))
  await expect(attempt).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER' })
})

test('a sign-in asks for nothing that only a bearer may see', async () => {
  const account = { id: 'a', kind: 'ANONYMOUS', handle: null, createdAt: '2026-01-01T00:00:00Z' }
  const { transport, calls } = replying({
    signIn: { provisioned: true, account, tokens: { accessToken: 'T' } },
  })
  expect(await signIn(transport, answerAsGuest({ deviceSecret: 'S' }))).toMatchObject({
    provisioned: true,
    account,
  })
  expect(calls[0]).not.toHaveProperty('accessToken')
  expect(calls[0]?.document).not.toContain('identities')
})
