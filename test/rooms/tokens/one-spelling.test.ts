// Each token is accepted in the one spelling in which it was handed out: base64url leaves bits, and decoders more, to choose.
import { expect, test } from 'vitest'
import { systemRandom } from '../../../src/runtime/random.js'
import { AccessTokens } from '../../../src/tokens/access-token.js'
import { askMe, codeOf, dataOf, tryRefresh } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem } = await serviceOfFile()

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Other texts that a lenient decoder reads as the same bytes. */
const respell = (token: string): string[] => {
  const last = token.at(-1) ?? ''
  // The last character of a text whose length is no multiple of four carries two or four bits that mean nothing.
  const unusedBits = [1, 2, 3, 5, 8, 12, 15].map(
    (bits) => token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(last) ^ bits),
  )
  const bytesOf = (text: string) => Buffer.from(text.replace(/^.*\.|^idr_/, ''), 'base64url')
  const sameBytes = unusedBits.filter((text) => bytesOf(text).equals(bytesOf(token)))
  return [...sameBytes, `${token}=`, `${token}==`, `${token} `, ` ${token}`, `${token}\n`, `${token}\t`]
}

test('an access token', async () => {
  const { accessToken } = await signInAsGuest(idem)
  const others = respell(accessToken)
  expect(others.length, 'the signature has bits to spare').toBeGreaterThan(7)
  // As whoever holds the text would check it, and over HTTP, where fields are trimmed.
  const accessTokens = new AccessTokens({
    signingKeys: idem.foundation.signingKeys,
    random: systemRandom,
    issuer: idem.url,
    audience: idem.url,
    lifetimeSeconds: 60,
  })
  await accessTokens.verify(accessToken, idem.clock.now())
  for (const other of [...others, accessToken.replace('.', '=.'), accessToken.replace('.', ' .')])
    await expect(accessTokens.verify(other, idem.clock.now())).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  for (const other of others.filter((text) => text.trim() !== accessToken))
    expect((await askMe(idem, other)).status).toBe(401)
  expect((await askMe(idem, accessToken)).status).toBe(200)
})

test('a refresh token', async () => {
  const { refreshToken } = await signInAsGuest(idem)
  for (const other of respell(refreshToken))
    expect(codeOf(await tryRefresh(idem, other))).toBe('UNAUTHENTICATED')
  dataOf(await tryRefresh(idem, refreshToken))
})

test('the id of a challenge', async () => {
  const owner = new KeyOwner(idem)
  const challenge = await owner.challenge()
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }'
  for (const id of respell(challenge.id)) {
    const answer = await idem.ask(query, { input: owner.answer({ ...challenge, id }) })
    expect(codeOf(answer)).toBe('PROOF_REJECTED')
  }
  dataOf(await idem.ask(query, { input: owner.answer(challenge) }))
})
