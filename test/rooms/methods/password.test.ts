// A password: set by its owner, always one of two proofs, the same work for everybody who tries one.
import { expect, test } from 'vitest'
import { mostFailures } from '../../../src/methods/password/method.js'
import { describeMethod } from '../../conformance/method.js'
import { proveKey, secondFactorIn, tryStepUpWith } from '../../support/authenticator.js'
import { atOnce, codeOf, dataOf, tally, unlink } from '../../support/calls.js'
import { EmailOwner } from '../../support/email-owner.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { PasswordOwner, tryPassword, trySetPassword } from '../../support/password-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { SignInVisitor } from '../../support/sign-in-visitor.js'
import { startTestService } from '../../support/start-service.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const { idem, tables } = await serviceOfFile({
  environment: { IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '100000', IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '100000' },
})
const inbox = unsentInbox(idem)

const somebody = async (password?: string | null) => await PasswordOwner.create(idem, inbox, password)

const identityOf = async (accountId: string) => {
  const [row] = await tables.query(
    `select id, credential, failed_proofs as failed from identity where account_id = $1 and method = 'password'`,
    [accountId],
  )
  return row
}

const sessionOf = async (accessToken: string) =>
  dataOf(await idem.askAs(accessToken, '{ session { acr amr } }')).session

describeMethod({
  name: 'password',
  isHalf: true,
  newProver: async (service) => {
    const { handle, password } = await PasswordOwner.create(service, unsentInbox(service))
    return { request: null, prove: () => ({ login: handle, password }) }
  },
  malformedProofs: [
    { login: '' },
    { login: '@' },
    { login: null },
    { login: 'x'.repeat(5_000) },
    { login: 'two words' },
    { login: 'a@example.com, b@example.com' },
    { login: '\0' },
    { password: 'x'.repeat(5_000) },
    { password: '\0'.repeat(8) },
  ],
})

test('it is set once for handle and address, and an emailed code completes it', async () => {
  const owner = await somebody()
  const { accountId } = owner.session
  const [{ level }] = await tables.query('select level from account where id = $1', [accountId])
  expect(level).toBe('aal2')
  expect((await identityOf(accountId)).credential.hash).toMatch(/^\$argon2id\$v=19\$m=8,t=1,p=1\$/)
  for (const login of [owner.handle.toUpperCase(), owner.email.address.toUpperCase()]) {
    const begun = await owner.begin(login)
    expect(begun).toMatchObject({ method: 'email', methods: ['email'] })
    const signedIn = dataOf(await owner.complete(begun.id)).signIn
    expect(signedIn).toMatchObject({ provisioned: false, account: { id: accountId } })
    expect(await sessionOf(signedIn.tokens.accessToken)).toEqual({
      acr: 'aal2',
      amr: ['pwd', 'otp', 'mfa'],
    })
  }
})

const guessable: readonly (readonly [what: string, password: string, sentence: string])[] = [
  ['nothing', '', 'at least 8'],
  ['7 characters', 'short 7', 'at least 8'],
  ['7 characters that were 14 before their normalisation', 'a\u0308'.repeat(7), 'at least 8'],
  ['8 spaces', ' '.repeat(8), 'repeats'],
  ['8 spaces that are not ASCII', '\u3000'.repeat(8), 'repeats'],
  ['one letter', 'aaaaaaaaaaaa', 'repeats'],
  ['a short piece', 'abc!abc!abc!', 'repeats'],
  ['a row', 'cdefghijk', 'neighbouring'],
  ['a row downwards', '9876543210', 'neighbouring'],
  ['257 characters', `${'x1'.repeat(128)}y`, 'at most 256'],
  ['100,000 bytes', '\u{1f600}'.repeat(12_000), 'at most 256'],
  ['one of the list', 'password1', 'list of common'],
  ['one of the list, in full-width letters', '\uff30assword1', 'list of common'],
  ['one of the list, twice', 'Passwordpassword', 'list of common'],
  ['a control character', 'three\tbrown foxes', 'control characters'],
  ['an undefined character', 'three brown \u{e0080} foxes', 'does not define'],
  ['the name of the service', 'Idem-Idem-1', 'made of'],
]

test.each(guessable)('%s is refused with what to do', async (_what, password, sentence) => {
  const owner = await guesser
  const answer = await trySetPassword(idem, owner.session.accessToken, password)
  expect(codeOf(answer)).toBe('BAD_USER_INPUT')
  expect(answer.errors[0]?.extensions['field']).toBe('newPassword')
  expect(answer.errors[0]?.message).toContain(sentence)
  expect(await identityOf(owner.session.accountId)).toBeUndefined()
})

const guesser = somebody(null)

test('its own handle, its address and their parts are refused, inside of more they are not', async () => {
  const { session, handle, email } = await guesser
  for (const password of [handle, `${handle}!`, email.address, `walkerwalker`, 'Walker@Example'])
    expect((await trySetPassword(idem, session.accessToken, password)).errors[0]?.message).toContain(
      'made of your handle',
    )
  expect(await identityOf(session.accountId)).toBeUndefined()
})

test.each([
  ['8 letters', 'gnurfbat'],
  ['256 characters', 'häß1'.repeat(64).replace(/.$/, 'x')],
  ['emoji', '🦊🐻🐼🐨🐯🦁🐮🐷'],
  ['joined emoji', '👩‍🚀👨‍🌾👩‍🚀 ok?'],
  ['another script', 'желтая подводная'],
  ['spaces around', ' three brown foxes '],
  ['its handle inside of more', 'I saw walker.1 jump over the moon'],
])('no rule says of which characters it is: %s', async (_what, password) => {
  const owner = await somebody(password)
  expect((await owner.begin()).method).toBe('email')
})

test('it is one password however it is typed: composed or not, with any kind of space', async () => {
  const owner = await somebody('Zürcher Straße 12')
  owner.password = 'Zu\u0308rcher\u00a0Straße\u200912'
  expect((await owner.begin()).method).toBe('email')
  const other = { login: owner.handle, password: 'zürcher straße 12' }
  expect(codeOf(await tryPassword(idem, other))).toBe('PROOF_REJECTED')
})

test('a guest, somebody without an address, and an old or weak session set none', async () => {
  const guest = await signInAsGuest(idem)
  expect(codeOf(await trySetPassword(idem, guest.accessToken, 'three brown foxes'))).toBe('CONFLICT')
  const keyOnly = await new KeyOwner(idem).signIn()
  const refused = await trySetPassword(idem, keyOnly.accessToken, 'three brown foxes')
  expect(codeOf(refused)).toBe('CONFLICT')
  expect(refused.errors[0]?.message).toContain('link an email address')
  const owner = await somebody()
  const change = await trySetPassword(idem, owner.session.accessToken, 'four brown foxes')
  expect(codeOf(change)).toBe('STEP_UP_REQUIRED')
  expect(change.errors[0]?.extensions['acrValues']).toEqual(['aal2'])
})

/** What a sign-in cost: statements, and computations of Argon2id. */
const costOf = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
  const { databaseStatements, passwordHashes } = idem.foundation.metrics
  const read = async () => [
    (await databaseStatements.get()).values[0]?.value ?? 0,
    (await passwordHashes.get()).values[0]?.value ?? 0,
  ]
  const [statements = 0, hashes = 0] = await read()
  await work()
  const [statementsAfter = 0, hashesAfter = 0] = await read()
  return { statements: statementsAfter - statements, hashes: hashesAfter - hashes }
}

test('an unknown login and a wrong password get the same answer for the same work', async () => {
  const owner = await somebody()
  const without = await somebody(null)
  const attacked = await somebody()
  await tables.query('update identity set failed_proofs = $2 where account_id = $1', [
    attacked.session.accountId,
    mostFailures,
  ])
  const tries = [
    { login: 'nobody-at-all', password: 'three brown foxes' },
    { login: 'nobody@example.com', password: 'three brown foxes' },
    { login: owner.handle, password: 'three brown cats' },
    { login: owner.email.address, password: 'x' },
    { login: without.handle, password: 'three brown foxes' },
    { login: attacked.handle, password: attacked.password },
    { login: attacked.session.accountId, password: attacked.password },
  ]
  // The connections know their statements.
  for (const each of tries) await tryPassword(idem, each)
  const answers = new Set<string>()
  const costs = new Set<string>()
  for (const each of tries) {
    let told = ''
    const cost = await costOf(async () => {
      const { errors } = await tryPassword(idem, each)
      told = JSON.stringify({ ...errors[0], extensions: { ...errors[0]?.extensions, requestId: '' } })
    })
    answers.add(told)
    costs.add(JSON.stringify(cost))
  }
  expect([...costs]).toEqual([JSON.stringify({ statements: 4, hashes: 1 })])
  expect([...answers]).toEqual([expect.stringContaining('PROOF_REJECTED')])
})

test('wrong passwords count for the account, by whatever login, and a sign-in resets the count', async () => {
  const owner = await somebody()
  const failed = async () => (await identityOf(owner.session.accountId)).failed
  for (const login of [owner.handle, owner.email.address])
    expect(codeOf(await tryPassword(idem, { login, password: 'three brown cats' }))).toBe('PROOF_REJECTED')
  expect(await failed()).toBe(2)
  const { id } = await owner.begin()
  expect(await failed()).toBe(2)
  dataOf(await owner.complete(id))
  expect(await failed()).toBe(0)
})

test('after 100 wrong ones it is taken only behind another proof, which resets the count', async () => {
  const owner = await somebody()
  const wrong = { login: owner.handle, password: 'three brown cats' }
  await tables.query("update identity set failed_proofs = $2 where account_id = $1 and method = 'password'", [
    owner.session.accountId,
    mostFailures - 1,
  ])
  expect((await owner.begin()).method).toBe('email')
  expect(codeOf(await tryPassword(idem, wrong))).toBe('PROOF_REJECTED')
  const right = { login: owner.handle, password: owner.password }
  expect(codeOf(await tryPassword(idem, right))).toBe('PROOF_REJECTED')
  expect(codeOf(await idem.askAs(owner.session.accessToken, '{ me { id } }'))).toBeNull()
  idem.clock.advance(16 * 60)
  // The mail of the second step that was not taken.
  owner.mails += 1
  const { id } = await owner.email.challenge()
  owner.mails += 1
  const first = await tryFirst(owner, id)
  expect(first).toMatchObject({ method: 'password', methods: ['password'] })
  const answer = await tryPassword(idem, { password: owner.password }, first.id)
  expect(await sessionOf(dataOf(answer).signIn.tokens.accessToken)).toEqual({
    acr: 'aal2',
    amr: ['otp', 'pwd', 'mfa'],
  })
  expect((await identityOf(owner.session.accountId)).failed).toBe(0)
  expect((await owner.begin()).method).toBe('email')
})

/** Answers an email challenge with the newest code: the challenge of the second factor. */
const tryFirst = async ({ email, mails }: PasswordOwner, challengeId: string) => {
  const query = `mutation ($input: SignInInput!) { signIn(input: $input) { secondFactor { id method methods } } }`
  const proof = { email: { code: await email.code(mails) } }
  return dataOf(await idem.ask(query, { input: { challengeId, proof } })).signIn.secondFactor
}

test('five wrong ones behind an emailed code burn the challenge; 100 right ones at once open one session', async () => {
  const owner = await somebody()
  owner.mails += 1
  const first = await tryFirst(owner, (await owner.email.challenge()).id)
  const wrong = await atOnce(20, async () => await tryPassword(idem, { password: 'three cats' }, first.id))
  expect(tally(wrong)).toEqual({ PROOF_REJECTED: 5, CHALLENGE_SPENT: 15 })
  expect((await identityOf(owner.session.accountId)).failed).toBe(0)
  owner.mails += 1
  const second = await tryFirst(owner, (await owner.email.challenge()).id)
  const { password } = owner
  const right = tally(await atOnce(100, async () => await tryPassword(idem, { password }, second.id)))
  expect(right['ok']).toBe(1)
  const refusals = ['CHALLENGE_SPENT', 'UNAVAILABLE', 'RATE_LIMITED']
  expect(Object.keys(right).filter((code) => code !== 'ok' && !refusals.includes(code))).toEqual([])
})

test('behind another proof wrong ones are limited over all challenges, and a right one resets that', async () => {
  const owner = await somebody()
  // Without an address the key is completed by the password, as often as somebody has the key.
  await tables.query("delete from identity where account_id = $1 and method = 'email'", [
    owner.session.accountId,
  ])
  const wrong = { password: 'three brown cats' }
  for (let round = 0; round < 6; round += 1) {
    const { id } = await proveKey(idem, owner.key)
    for (let time = 0; time < 5; time += 1)
      expect(codeOf(await tryPassword(idem, wrong, id))).toBe('PROOF_REJECTED')
  }
  const { id } = await proveKey(idem, owner.key)
  const limited = await tryPassword(idem, { password: owner.password }, id)
  expect(limited.errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 2_880 })
  // Neither the password as a first proof nor a session is limited by that.
  expect(codeOf(await tryPassword(idem, { login: owner.handle, password: 'three cats' }))).toBe(
    'PROOF_REJECTED',
  )
  idem.clock.advance(2_880)
  const right = async () =>
    await tryPassword(idem, { password: owner.password }, (await proveKey(idem, owner.key)).id)
  expect(codeOf(await right())).toBe(null)
  expect(codeOf(await right())).toBe(null)
})

test("another's password, and a login of another, do not complete a proof", async () => {
  const [one, other] = [await somebody(), await somebody('four green frogs')]
  one.mails += 1
  const { id } = await tryFirst(one, (await one.email.challenge()).id)
  expect(codeOf(await tryPassword(idem, { password: other.password }, id))).toBe('PROOF_REJECTED')
  const theirs = { login: other.handle, password: other.password }
  expect(codeOf(await tryPassword(idem, theirs, id))).toBe('PROOF_REJECTED')
  expect(dataOf(await tryPassword(idem, { password: one.password }, id)).signIn.account.id).toBe(
    one.session.accountId,
  )
})

test('behind another proof a login names nobody else: who is attacked is compared with nothing there', async () => {
  const [one, other] = [await somebody(), await somebody('four green frogs')]
  await tables.query('update identity set failed_proofs = $2 where account_id = $1', [
    other.session.accountId,
    mostFailures,
  ])
  one.mails += 1
  const { id } = await tryFirst(one, (await one.email.challenge()).id)
  const wrong = await tryPassword(idem, { login: other.handle, password: 'four green cats' }, id)
  const right = await tryPassword(idem, { login: other.handle, password: other.password }, id)
  expect([codeOf(wrong), codeOf(right)]).toEqual(['PROOF_REJECTED', 'PROOF_REJECTED'])
  // The same sentence, which does not tell whether it was the other's password.
  expect(right.errors[0]?.message).toBe(wrong.errors[0]?.message)
  const own = { login: other.handle, password: one.password }
  expect(dataOf(await tryPassword(idem, own, id)).signIn.account.id).toBe(one.session.accountId)
})

test('a change ends the other sessions, and what the former password had begun', async () => {
  const owner = await somebody()
  const begun = await owner.begin()
  owner.mails += 1
  const { accessToken } = await owner.signIn()
  const late = await owner.begin()
  const notices = async () =>
    (await tables.query(
      "select action, detail from audit_entry where account_id = $1 and action like 'password.%'",
      [owner.session.accountId],
    )) as { action: string }[]
  dataOf(await trySetPassword(idem, accessToken, 'four brown foxes'))
  expect(codeOf(await idem.askAs(owner.session.accessToken, '{ account: me { id } }'))).toBe(
    'UNAUTHENTICATED',
  )
  expect(await sessionOf(accessToken)).toMatchObject({ acr: 'aal2' })
  expect(codeOf(await owner.complete(late.id))).toBe('CHALLENGE_SPENT')
  expect(codeOf(await tryPassword(idem, { login: owner.handle, password: owner.password }))).toBe(
    'PROOF_REJECTED',
  )
  owner.password = 'four brown foxes'
  expect((await owner.begin()).id).not.toBe(begun.id)
  expect((await notices()).map(({ action }) => action)).toEqual(['password.set', 'password.changed'])
})

test('with other parameters the next sign-in stores a new hash, and sign-ins beside it succeed', async () => {
  const owner = await somebody()
  const other = await startTestService({
    databaseUrl: idem.databaseUrl,
    clock: idem.clock,
    environment: { IDEM_PASSWORD_MEMORY_KIB: '16', IDEM_PASSWORD_PASSES: '2' },
  })
  try {
    const right = { login: owner.handle, password: owner.password }
    idem.clock.advance(16 * 60)
    const answers = await atOnce(4, async () => await tryPassword(other, right))
    expect(tally(answers)).toEqual({ ok: 4 })
    const { hash, version } = (await identityOf(owner.session.accountId)).credential
    expect(hash).toContain('$m=16,t=2,p=1$')
    expect(version).toEqual(expect.any(String))
    idem.clock.advance(16 * 60)
    expect(tally(await atOnce(4, async () => await tryPassword(other, right)))).toEqual({ ok: 4 })
    expect((await identityOf(owner.session.accountId)).credential.hash).toBe(hash)
  } finally {
    await other.stop()
  }
})

test('it is removed like any identity, which lowers the level; again it is not found', async () => {
  const owner = await somebody()
  const { accessToken, accountId } = await owner.signIn()
  const { id } = await identityOf(accountId)
  // The session that it opened ends with it.
  dataOf(await unlink(idem, accessToken, id))
  expect(codeOf(await unlink(idem, accessToken, id))).toBe('UNAUTHENTICATED')
  const [{ level }] = await tables.query('select level from account where id = $1', [accountId])
  expect(level).toBe('aal1')
  expect(codeOf(await tryPassword(idem, { login: owner.handle, password: owner.password }))).toBe(
    'PROOF_REJECTED',
  )
  dataOf(await owner.key.trySignIn())
})

test('a session steps up with its password and an emailed code; the session says whose password it is', async () => {
  const [owner, other] = [await somebody(), await somebody('four green frogs')]
  const { accessToken } = owner.session
  const stepUp = async (proof: { login?: string; password: string }) =>
    await tryStepUpWith(idem, accessToken, { proof: { password: proof } })
  const { password } = owner
  // Another's password is one of another account, with a login or without.
  expect(codeOf(await stepUp({ password: other.password }))).toBe('PROOF_REJECTED')
  const half = await stepUp({ password })
  expect(codeOf(half)).toBe('STEP_UP_REQUIRED')
  const { id, method } = secondFactorIn(half)
  expect(method).toBe('email')
  owner.mails += 1
  const code = await owner.email.code(owner.mails)
  const raised = dataOf(
    await tryStepUpWith(idem, accessToken, { challengeId: id, proof: { email: { code } } }),
  )
  expect(await sessionOf(raised.stepUp.accessToken)).toMatchObject({ acr: 'aal2' })
  const theirs = await stepUp({ login: other.handle, password: other.password })
  expect(codeOf(theirs)).toBe('PROOF_REJECTED')
  dataOf(await trySetPassword(idem, raised.stepUp.accessToken, 'five grey geese'))
})

test('what is no login, or says no owner, is refused before the limit', async () => {
  const cases = [
    [{ login: 'no login at all', password: 'x' }, 'login'],
    [{ login: '@', password: 'x' }, 'login'],
    [{ password: 'x' }, 'login'],
    [{ login: 'somebody', password: 'x1'.repeat(200) }, 'password'],
  ] as const
  for (const [proof, field] of cases) {
    const answer = await tryPassword(idem, proof)
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
    expect(answer.errors[0]?.extensions['field']).toBe(field)
  }
})

test('a password links nothing to another account', async () => {
  const [owner, other] = [await somebody(), new EmailOwner(idem, inbox, 'else@example.com')]
  const { accessToken } = await other.signIn()
  const query = 'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id } } }'
  const proof = { password: { login: owner.handle, password: owner.password } }
  expect(codeOf(await idem.askAs(accessToken, query, { input: { proof } }))).toBe('BAD_USER_INPUT')
})

test('where too many wait, further ones are refused before any work, and everything else goes on', async () => {
  const owner = await somebody()
  // Each computation takes long enough for all requests to arrive meanwhile.
  const busy = await startTestService({
    databaseUrl: idem.databaseUrl,
    clock: idem.clock,
    environment: {
      IDEM_PUBLIC_URL: idem.url,
      IDEM_PASSWORD_MEMORY_KIB: '65536',
      IDEM_PASSWORD_PASSES: '8',
      IDEM_PASSWORDS_AT_ONCE: '1',
      IDEM_PASSWORD_QUEUE: '2',
    },
  })
  try {
    owner.mails += 1
    const { id } = await tryFirst(owner, (await owner.email.challenge()).id)
    const wrong = { login: 'nobody-at-all', password: 'three brown cats' }
    const flood = Array.from({ length: 8 }, async () => await tryPassword(busy, wrong))
    // One runs and one waits, so the others are refused while both are there.
    await Promise.any(flood.map(async (answer) => expect(codeOf(await answer)).toBe('UNAVAILABLE')))
    const refused = await atOnce(8, async () => await tryPassword(busy, { password: owner.password }, id))
    expect(tally(refused)).toEqual({ UNAVAILABLE: 8 })
    expect(refused[0]?.errors[0]?.extensions['retryAfterSeconds']).toBe(5)
    // At the sign-in page the form stays, because the first proof is spent.
    const visitor = new SignInVisitor(busy)
    const form = new URLSearchParams(new URL(visitor.url()).searchParams)
    const sent = { way: 'password', step: 'prove', challengeId: id, password: owner.password }
    for (const [name, value] of Object.entries(sent)) form.set(name, value)
    const page = await visitor.post(form)
    expect([page.status, page.title]).toEqual([503, 'One more step'])
    expect(page.form('password').values['challengeId']).toBe(id)
    expect(dataOf(await busy.askAs(owner.session.accessToken, '{ me { handle } }')).me.handle).toBe(
      owner.handle,
    )
    const { UNAVAILABLE, PROOF_REJECTED } = tally(await Promise.all(flood))
    expect([UNAVAILABLE, PROOF_REJECTED]).toEqual([6, 2])
    // None of the refused ones was a try of the challenge.
    expect(dataOf(await tryPassword(busy, { password: owner.password }, id)).signIn.account.handle).toBe(
      owner.handle,
    )
    // The hundredth wrong one is found out while the right one already waits, which is refused then.
    await tables.query('update identity set failed_proofs = $2 where account_id = $1', [
      owner.session.accountId,
      mostFailures - 1,
    ])
    const hashes = async () => (await busy.foundation.metrics.passwordHashes.get()).values[0]?.value ?? 0
    const hashesBefore = await hashes()
    const { handle: login, password } = owner
    const last = tryPassword(busy, { login, password: 'three brown cats' })
    await expect.poll(hashes).toBeGreaterThan(hashesBefore)
    const right = tryPassword(busy, { login, password })
    expect([codeOf(await last), codeOf(await right)]).toEqual(['PROOF_REJECTED', 'PROOF_REJECTED'])
    expect((await identityOf(owner.session.accountId)).failed).toBe(mostFailures + 1)
  } finally {
    await busy.stop()
  }
})
