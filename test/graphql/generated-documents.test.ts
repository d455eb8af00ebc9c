// Documents and variables of every kind, right and wrong: none is answered with a bug, and the log tells nothing of them.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { buildSchema } from 'graphql'
import { expect, test } from 'vitest'
import { failureSentences } from '../../src/failure.js'
import { askMe, dataOf, sessionIdOf } from '../support/calls.js'
import { generateRequest } from '../support/document-generator.js'
import { KeyOwner, signInAsGuest } from '../support/key-owner.js'
import { serviceOfFile } from '../support/service-of-file.js'
import { withoutLimits } from '../support/without-limits.js'

/** `IDEM_TEST_DOCUMENTS=full` is for CI: it takes minutes. */
const count = process.env['IDEM_TEST_DOCUMENTS'] === 'full' ? 100_000 : 10_000
const testMilliseconds = 20 * 60_000
/** Clients that ask at once. */
const clients = 16
/** So many are enough to look at. */
const mostBugs = 20

const { idem } = await serviceOfFile({ environment: { IDEM_OPERATORS: 'ada', ...withoutLimits } })

const sdl = await readFile(path.resolve(import.meta.dirname, '../../schema/idem.graphql'), 'utf8')
const schema = buildSchema(sdl.replace(/^extend schema @link.*$/m, ''), { assumeValidSDL: true })

/** Nothing that Idem itself would ever write. */
const mark = 'zqxj'

/** A bearer that is made anew when a request has ended its session. */
class Bearer {
  #token: Promise<string> | null = null

  constructor(private readonly signIn: () => Promise<{ readonly accessToken: string }>) {}

  async token(): Promise<string> {
    this.#token ??= this.signIn().then(({ accessToken }) => accessToken)
    return await this.#token
  }

  refused(token: string): void {
    void this.#token?.then((current) => {
      if (current === token) this.#token = null
    })
  }
}

/** Strings that mean something to some field, and strings that mean nothing to any. */
const collectTexts = async (operatorToken: string, key: KeyOwner): Promise<string[]> => {
  const { me } = dataOf(await askMe(idem, operatorToken))
  const challenge = await key.challenge()
  const victim = await new KeyOwner(idem).signIn()
  return [
    victim.accountId,
    sessionIdOf(victim.accessToken),
    me.id,
    me.identities[0].id,
    sessionIdOf(operatorToken),
    challenge.id,
    key.publicKey,
    new KeyOwner(idem).publicKey,
    key.sign(challenge.message),
    Buffer.alloc(32, 7).toString('base64'),
    '01234567-89ab-7cde-8f01-23456789abcd',
    `${mark}@example.org`,
    `${mark}-handle`,
    `${mark} a label`,
    `${mark}`.repeat(40),
    `idr_${mark}`,
    `idr_${'A'.repeat(70)}`,
    `${mark}\n\t`,
    `${mark}😀é\u0301ß`,
    `${mark}'; drop table account; --`,
    `${mark}%_\\`,
    `${mark}\0`,
    `${mark}\ud800`,
    '',
    ' ',
    'de',
    'ed25519',
  ]
}

test(`${count} generated requests are answered without a bug, and leave no word of theirs in the log`, {
  timeout: testMilliseconds,
}, async () => {
  const operatorKey = new KeyOwner(idem)
  const operator = await operatorKey.signIn('ada')
  const texts = await collectTexts(operator.accessToken, operatorKey)
  const person = new KeyOwner(idem)
  const bearers = [
    null,
    new Bearer(async () => await operatorKey.signIn()),
    new Bearer(async () => await person.signIn()),
    new Bearer(async () => await signInAsGuest(idem)),
  ]
  const codes: Record<string, number> = {}
  const bugs: object[] = []
  let number = 0
  const client = async (): Promise<void> => {
    while (number < count && bugs.length < mostBugs) {
      number += 1
      const request = generateRequest(schema, number, texts)
      const bearer = bearers[number % bearers.length] ?? null
      const token = bearer === null ? null : await bearer.token()
      const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
      const answer = await idem.post(JSON.stringify(request), headers)
      if (answer.status === 401 && bearer !== null && token !== null) bearer.refused(token)
      const answered = answer.errors.map(({ extensions }) => String(extensions['code']))
      for (const code of answered.length > 0 ? new Set(answered) : ['ok'])
        codes[code] = (codes[code] ?? 0) + 1
      const wrong = answered.filter((code) => code === 'INTERNAL' || !(code in failureSentences))
      if (wrong.length > 0) bugs.push({ number, wrong, request })
    }
  }
  await Promise.all(Array.from({ length: clients }, client))

  expect(bugs.map((bug) => JSON.stringify(bug))).toEqual([])
  expect(idem.bugs).toEqual([])
  expect(idem.logLines.filter((line) => line.includes(mark)).slice(0, 5)).toEqual([])
  // It generates what reaches the resolvers, and what does not.
  for (const [code, share] of Object.entries({
    ok: 0.05,
    BAD_USER_INPUT: 0.1,
    FORBIDDEN: 0.01,
    NOT_FOUND: 0.01,
  }))
    expect(codes[code], JSON.stringify(codes)).toBeGreaterThan(count * share)
})
