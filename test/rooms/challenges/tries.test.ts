// A try is counted only when an answer is compared: not when the rate refuses it, and not for what is no code.
import { afterEach, expect, test } from 'vitest'
import { codeOf, dataOf, tally } from '../../support/calls.js'
import { type EmailChallenge, EmailOwner, otherCode, pressButton } from '../../support/email-owner.js'
import { signInAsGuest } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const started: TestService[] = []
afterEach(async () => {
  for (const idem of started.splice(0)) await idem.stop()
})

const start = async (environment: Readonly<Record<string, string>> = {}) => {
  const idem = await startTestService({ environment })
  started.push(idem)
  return idem
}

/** Somebody who asked for a code and has read it. */
const asked = async (idem: TestService) => {
  const owner = new EmailOwner(idem, unsentInbox(idem), 'somebody@example.org')
  const challenge = await owner.challenge()
  return { owner, challenge, code: await owner.code(), link: await owner.link() }
}

const triesOf = async (idem: TestService): Promise<object> => {
  const tables = await Tables.open(idem.databaseUrl)
  const [row] = await tables.query('select tries as codes, match_code_tries as links from held_challenge')
  await tables.close()
  return { ...row }
}

const statements = async (idem: TestService): Promise<number> => {
  const { values } = await idem.foundation.metrics.databaseStatements.get()
  return values[0]?.value ?? 0
}

const timesRefused = async (owner: EmailOwner, { id }: EmailChallenge, code: string, times: number) => {
  const answers = []
  for (let index = 0; index < times; index++) answers.push(await owner.trySignIn(id, code))
  return tally(answers)
}

test('a network over its limit sends the right code ten times, and it still signs in when the window is over', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '5' })
  const { owner, challenge, code } = await asked(idem)
  for (let index = 0; index < 5; index++) await signInAsGuest(idem)
  expect(await timesRefused(owner, challenge, code, 1)).toEqual({ RATE_LIMITED: 1 })
  const before = await statements(idem)
  expect(await timesRefused(owner, challenge, code, 9)).toEqual({ RATE_LIMITED: 9 })
  expect(await statements(idem)).toBe(before)
  expect(await triesOf(idem)).toEqual({ codes: 0, links: 0 })
  idem.clock.advance(301)
  dataOf(await owner.trySignIn(challenge.id, code))
})

test('an address over its limit costs no try either, whichever of its challenges is answered', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '3' })
  const { owner, challenge, code } = await asked(idem)
  expect(await timesRefused(owner, challenge, otherCode(code), 3)).toEqual({ PROOF_REJECTED: 3 })
  const second = await owner.challenge()
  const secondCode = await owner.code(2)
  for (const each of [challenge, second])
    expect(await timesRefused(owner, each, secondCode, 3)).toEqual({ RATE_LIMITED: 3 })
  const stranger = new EmailOwner(idem, unsentInbox(idem), 'another@example.org')
  const other = await stranger.challenge()
  dataOf(await stranger.trySignIn(other.id, await stranger.code()))
  idem.clock.advance(301)
  dataOf(await owner.trySignIn(second.id, secondCode))
})

test('what is no code is told so and costs no try', async () => {
  const idem = await start()
  const { owner, challenge, code } = await asked(idem)
  const noCodes = ['', ' ', '\u200b', '\ufeff-', code.slice(1), `${code}A`, '0O1IL5S8', 'x'.repeat(10_000)]
  for (const noCode of [...noCodes, '\ud800', '\u0000', '👍', 'ÄÖÜÄÖÜÄÖ']) {
    const answer = await owner.trySignIn(challenge.id, noCode)
    expect([noCode, codeOf(answer), answer.errors[0]?.extensions['field']]).toEqual([
      noCode,
      'BAD_USER_INPUT',
      'code',
    ])
  }
  expect(await triesOf(idem)).toEqual({ codes: 0, links: 0 })
  dataOf(await owner.trySignIn(challenge.id, code))
})

test('a code for another purpose, or too late, is not compared and costs no try', async () => {
  const idem = await start()
  const { owner, challenge, code } = await asked(idem)
  const { accessToken } = await signInAsGuest(idem)
  const link = async () =>
    await idem.askAs(
      accessToken,
      'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id } } }',
      { input: { challengeId: challenge.id, proof: { email: { code } } } },
    )
  for (let index = 0; index < 6; index++) expect(codeOf(await link())).toBe('PROOF_REJECTED')
  expect(await triesOf(idem)).toEqual({ codes: 0, links: 0 })
  idem.clock.advance(24 * 3600)
  expect(await timesRefused(owner, challenge, code, 6)).toEqual({ CHALLENGE_EXPIRED: 6 })
  expect(await triesOf(idem)).toEqual({ codes: 0, links: 0 })
})

test('what is no match code costs no try of the link, and a match code is read as people write it', async () => {
  const idem = await start()
  const { owner, challenge, link } = await asked(idem)
  const { matchCode } = challenge
  for (const noCode of ['', ' ', '123', '12345', 'abcd', '\u200b', `${matchCode}0`, '½¼⅓⅔'])
    expect([noCode, (await pressButton(link, noCode)).status]).toEqual([noCode, 400])
  expect(await triesOf(idem)).toEqual({ codes: 0, links: 0 })
  const wide = [...matchCode].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join('\u2011')
  expect((await pressButton(link, ` ${wide}\u200b`)).status).toBe(200)
  expect(await owner.poll(challenge.id)).toMatchObject({ status: 'CONFIRMED' })
})
