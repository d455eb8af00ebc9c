// IDEM_SECRET is replaced without anybody noticing: the new one seals, the old one still opens, then goes.
import { expect, test } from 'vitest'
import { enrol, proveKey, trySignInWith } from '../../support/authenticator.js'
import { askMe, codeOf, dataOf, headerOf, refresh, tryRefresh } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import {
  createDatabase,
  MovableClock,
  startTestService,
  type TestService,
} from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

const [oldSecret, newSecret, foreignSecret] = ['old', 'new', 'foreign'].map((name) => `${name} `.repeat(10))

const signInQuery = 'mutation ($input: SignInInput!) { signIn(input: $input) { account { id } } }'

test('tokens, challenges and signing keys survive the change of the secret, and the old one can go after one start', async () => {
  const databaseUrl = await createDatabase()
  const environment = { IDEM_PUBLIC_URL: 'http://idem.test:4000' }
  const start = async (...secrets: (string | undefined)[]): Promise<TestService> =>
    await startTestService({
      databaseUrl,
      environment,
      secrets: secrets.filter((secret) => secret !== undefined),
    })

  const before = await start(oldSecret)
  const owner = new KeyOwner(before)
  const signedIn = await owner.signIn()
  const answer = owner.answer(await owner.challenge())
  const late = owner.answer(await owner.challenge())
  await before.stop()

  const overlap = await start(newSecret, oldSecret)
  expect(dataOf(await askMe(overlap, signedIn.accessToken)).me.id).toBe(signedIn.accountId)
  expect(dataOf(await overlap.ask(signInQuery, { input: answer })).signIn.account.id).toBe(signedIn.accountId)
  expect(codeOf(await overlap.ask(signInQuery, { input: answer }))).toBe('CHALLENGE_SPENT')
  const refreshed = await refresh(overlap, signedIn.refreshToken)
  // Sealed by the new secret from now on, and by a key that the old one does not name.
  const challenge = await new KeyOwner(overlap).challenge()
  expect(headerOf(challenge.id)['kid']).not.toBe(headerOf(answer.challengeId)['kid'])
  await overlap.stop()

  const after = await start(newSecret)
  expect(dataOf(await askMe(after, refreshed.accessToken)).me.id).toBe(signedIn.accountId)
  expect(headerOf((await refresh(after, refreshed.refreshToken)).accessToken)['kid']).toBe(
    headerOf(signedIn.accessToken)['kid'],
  )
  // What only the old one opens is none of ours any more, and says so.
  expect(codeOf(await after.ask(signInQuery, { input: late }))).toBe('PROOF_REJECTED')
  expect(codeOf(await tryRefresh(after, signedIn.refreshToken))).toBe('UNAUTHENTICATED')
  await after.stop()
})

test('authenticator apps survive the change of the secret, and the old one can go after one start', async () => {
  const databaseUrl = await createDatabase()
  const clock = new MovableClock()
  const start = async (...secrets: (string | undefined)[]): Promise<TestService> =>
    await startTestService({ databaseUrl, clock, secrets: secrets.filter((secret) => secret !== undefined) })
  const before = await start(oldSecret)
  const owner = new KeyOwner(before)
  const { accountId, ...signedIn } = await owner.signIn()
  const { app } = await enrol(before, signedIn)
  await before.stop()

  const pem = owner.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  for (const secrets of [[newSecret, oldSecret], [newSecret]]) {
    const idem = await start(...secrets)
    const { id } = await proveKey(idem, new KeyOwner(idem, pem))
    const { signIn } = dataOf(await trySignInWith(idem, app.proof(), id))
    expect(signIn.account.id).toBe(accountId)
    clock.advance(30)
    await idem.stop()
  }

  // As where the old secret went before any start had both.
  const tables = await Tables.open(databaseUrl)
  await tables.query(
    "update second_factor set credential = jsonb_set(credential, '{sealed}', '\"e30..AA.AA.AA\"')",
  )
  const contents = await tables.contents()
  await expect(start(newSecret)).rejects.toThrow(/IDEM_SECRET.*TOTP secret.*IDEM_SECRET=new,old/)
  expect(await tables.contents()).toEqual(contents)
  await tables.close()
})

test('a foreign secret alone does not start: it says which key it cannot open and what to do, and changes nothing', async () => {
  const databaseUrl = await createDatabase()
  const first = await startTestService({ databaseUrl, secrets: [String(oldSecret)] })
  await first.stop()
  const tables = await Tables.open(databaseUrl)
  const before = await tables.contents()
  await expect(startTestService({ databaseUrl, secrets: [String(foreignSecret)] })).rejects.toThrow(
    /IDEM_SECRET.*signing key.*IDEM_SECRET=new,old/,
  )
  expect(await tables.contents()).toEqual(before)
  await tables.close()
})

test('nothing of what is sealed or signed can be read or made with the database alone', async () => {
  const idem = await startTestService()
  const tables = await Tables.open(idem.databaseUrl)
  try {
    const { refreshToken, accessToken } = await new KeyOwner(idem).signIn()
    const rows = await tables.query(
      'select to_jsonb(s) as row from session s union all select to_jsonb(k) from signing_key k',
    )
    const stored = JSON.stringify(rows)
    expect(stored).not.toContain(refreshToken)
    expect(stored).not.toContain(accessToken.split('.')[2])
    const [key] = await tables.query('select public_jwk, sealed_private_jwk from signing_key')
    expect(Object.keys(key.public_jwk).sort()).toEqual(['crv', 'kty', 'x'])
    expect(key.sealed_private_jwk).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/)
  } finally {
    await tables.close()
    await idem.stop()
  }
})
