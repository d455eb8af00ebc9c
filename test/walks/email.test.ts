// The story of an email address, over HTTP, by real mails: code, link, new machine, second address, removal, notices.
import { expect, test } from 'vitest'
import { askMe, atOnce, codeOf, dataOf, millisecondsUntil, tally, unlink } from '../support/calls.js'
import { EmailOwner, openLink, otherCode, pressButton } from '../support/email-owner.js'
import { expectSignedIn, KeyOwner, signInAsGuest } from '../support/key-owner.js'
import { mailsTo } from '../support/mail-reader.js'
import { mailedServiceOfFile } from '../support/mailed-service.js'

const { idem, tables, inbox } = await mailedServiceOfFile({
  IDEM_THROTTLE_MAILS_PER_SOURCE: '100000',
  IDEM_THROTTLE_MAILS_PER_SUBJECT: '100000',
})

/** Waits until all that was asked for is done, and noted. */
const untilIdle = async (): Promise<void> =>
  void (await millisecondsUntil(20_000, async () => {
    const [row] = await tables.query('select count(*)::int as open from outbox_entry where done_at is null')
    return row.open === 0
  }))

let count = 0
const somebody = (): EmailOwner => new EmailOwner(idem, inbox, `somebody-${++count}@example.org`)

test('a mailed code registers, and signs in on a new machine', async () => {
  const ada = somebody()
  const asked = await ada.challenge({ spelling: `  ${ada.address.toUpperCase()} ` })
  expect(asked).toMatchObject({
    status: 'PENDING',
    delivery: 'QUEUED',
    matchCode: expect.stringMatching(/^\d{4}$/),
  })
  const code = await ada.code()
  expect(code).toMatch(/^[34679ACDEFGHJKMNPQRTWXY]{8}$/)
  await untilIdle()
  // The server takes the mail a moment before the worker notes so.
  await untilIdle()
  expect(await ada.poll(asked.id)).toMatchObject({
    status: 'PENDING',
    delivery: 'SENT',
    matchCode: asked.matchCode,
  })

  const first = expectSignedIn(
    await ada.trySignIn(asked.id, ` ${code.slice(0, 4).toLowerCase()}-${code.slice(4)} `),
  )
  expect(first.provisioned).toBe(true)
  expect(await ada.poll(asked.id)).toMatchObject({ status: 'SPENT' })
  const { me } = dataOf(await askMe(idem, first.accessToken))
  expect(me).toMatchObject({
    kind: 'PERSON',
    identities: [{ method: 'email', issuer: 'email', subject: ada.address }],
  })
  const { session } = dataOf(await idem.askAs(first.accessToken, '{ session { amr acr } }'))
  expect(session).toEqual({ amr: ['otp'], acr: 'aal1' })

  const second = await ada.signIn(2)
  expect(second).toMatchObject({ provisioned: false, accountId: first.accountId })
})

test('the link is confirmed with the match code, and the device that asked signs in without a code', async () => {
  const bea = somebody()
  const { id, matchCode } = await bea.challenge({ headers: { 'user-agent': 'curl/8.5.0' } })
  const link = await bea.link()
  expect(codeOf(await bea.trySignIn(id))).toBe('PROOF_REJECTED')

  const page = await (await openLink(link)).text()
  expect(page).toContain(bea.address)
  expect(page).toContain('curl 8')
  expect(page).toContain('127.0.0.1')
  expect(page).not.toContain(matchCode)
  expect(await bea.poll(id)).toMatchObject({ status: 'PENDING' })

  expect((await pressButton(link, matchCode)).status).toBe(200)
  expect(await bea.poll(id)).toMatchObject({ status: 'CONFIRMED' })
  const signedIn = expectSignedIn(await bea.trySignIn(id))
  expect(signedIn.provisioned).toBe(true)
  expect(codeOf(await bea.trySignIn(id))).toBe('CHALLENGE_SPENT')
  expect((await pressButton(link, matchCode)).status).toBe(410)
  expect((await openLink(link)).status).toBe(410)
})

test('a scanner that opens, heads and posts the link changes nothing', async () => {
  const cem = somebody()
  const { id } = await cem.challenge()
  const link = await cem.link()
  await untilIdle()
  const before = await tables.contents()
  for (const method of ['GET', 'HEAD', 'GET']) expect((await openLink(link, method)).status).toBe(200)
  expect((await pressButton(link)).status).toBe(400)
  expect((await pressButton(`${link}x`, '1234')).status).toBe(404)
  expect((await openLink(link.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')))).status).toBe(404)
  expect(await tables.contents()).toEqual(before)
  expect(await cem.poll(id)).toMatchObject({ status: 'PENDING' })
})

test('three wrong match codes burn the link, however many come at once, and not the code', async () => {
  const dan = somebody()
  const { id, matchCode } = await dan.challenge()
  const link = await dan.link()
  const wrong = String((Number(matchCode) + 1) % 10_000).padStart(4, '0')
  const answers = await atOnce(20, async () => (await pressButton(link, wrong)).status)
  expect(answers.filter((status) => status === 422).length).toBeLessThanOrEqual(3)
  expect((await pressButton(link, matchCode)).status).toBe(410)
  expect(await dan.poll(id)).toMatchObject({ status: 'PENDING' })
  const [row] = await tables.query('select match_code_tries from held_challenge where subject = $1', [
    dan.address,
  ])
  expect(row.match_code_tries).toBe(3)
  expectSignedIn(await dan.trySignIn(id, await dan.code()))
})

test('five wrong codes burn the challenge', async () => {
  const eva = somebody()
  const { id } = await eva.challenge()
  const code = await eva.code()
  for (let index = 0; index < 5; index++)
    expect(codeOf(await eva.trySignIn(id, otherCode(code)))).toBe('PROOF_REJECTED')
  expect(codeOf(await eva.trySignIn(id, code))).toBe('CHALLENGE_SPENT')
  expect(await eva.poll(id)).toMatchObject({ status: 'SPENT' })
})

test('of two hundred guesses at once five are looked at', async () => {
  const fay = somebody()
  const { id } = await fay.challenge()
  const code = await fay.code()
  const answers = await atOnce(200, async () => await fay.trySignIn(id, otherCode(code)))
  expect(tally(answers)).toEqual({ PROOF_REJECTED: 5, CHALLENGE_SPENT: 195 })
})

test('the right code two hundred times at once opens one session', async () => {
  const gus = somebody()
  const { id, matchCode } = await gus.challenge()
  await pressButton(await gus.link(), matchCode)
  const answers = await atOnce(200, async () => await gus.trySignIn(id))
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 199 })
})

test('a code answers its own challenge alone, and that within 15 minutes', async () => {
  const [hal, ida] = [somebody(), somebody()]
  const asked = await hal.challenge()
  const other = await ida.challenge()
  const code = await hal.code()
  expect(codeOf(await ida.trySignIn(other.id, code))).toBe('PROOF_REJECTED')
  idem.clock.advance(15 * 60)
  expect(codeOf(await hal.trySignIn(asked.id, code))).toBe('CHALLENGE_EXPIRED')
  expect(await hal.poll(asked.id)).toMatchObject({ status: 'EXPIRED' })
  expect((await openLink(await hal.link())).status).toBe(410)
  expect((await pressButton(await hal.link(), asked.matchCode)).status).toBe(410)
})

test('a further address joins an account, opens it, and leaves it with a word to both', async () => {
  const [ivy, work] = [somebody(), somebody()]
  const signedIn = await ivy.signIn()
  const linked = dataOf(await work.tryLink(signedIn.accessToken)).linkIdentity
  expect(linked).toMatchObject({
    account: { id: signedIn.accountId },
    identity: { method: 'email', subject: work.address },
  })
  const [mail] = await mailsTo(inbox, work.address)
  expect(mail?.text).toContain(signedIn.accountId)
  expect((await mailsTo(inbox, ivy.address, 2))[0]?.text).toContain(work.address)

  const byOther = await work.signIn(2)
  expect(byOther).toMatchObject({ accountId: signedIn.accountId, provisioned: false })

  dataOf(await unlink(idem, signedIn.accessToken, linked.identity.id))
  expect((await mailsTo(inbox, ivy.address, 3))[0]?.text).toContain(work.address)
  expect((await mailsTo(inbox, work.address, 3))[0]?.text).toContain(work.address)
  // Its own now: another account.
  expect((await work.signIn(4)).provisioned).toBe(true)
})

test("another account's address is not linked but gives a plan, and an address that was never proven blocks nobody", async () => {
  const [jan, kim] = [somebody(), somebody()]
  const owner = await kim.signIn()
  const signedIn = await jan.signIn()
  const { identity, mergePlan } = dataOf(await kim.tryLink(signedIn.accessToken, 2)).linkIdentity
  expect([identity, mergePlan.absorbed.accountId]).toEqual([null, signedIn.accountId])

  const late = somebody()
  await late.challenge({ purpose: 'LINK_IDENTITY', accessToken: signedIn.accessToken })
  await late.code()
  await late.challenge({ purpose: 'LINK_IDENTITY', accessToken: owner.accessToken })
  await late.code(2)
  expect((await late.signIn(3)).provisioned).toBe(true)
})

test('a challenge to link is answered by the session that asked alone, and for nothing else', async () => {
  const [lea, mia] = [somebody(), somebody()]
  const [hers, other] = [await lea.signIn(), await signInAsGuest(idem)]
  const { id } = await mia.challenge({ purpose: 'LINK_IDENTITY', accessToken: hers.accessToken })
  const code = await mia.code()
  const input = { challengeId: id, proof: { email: { code } } }
  const query = 'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id } } }'
  expect(codeOf(await idem.askAs(other.accessToken, query, { input }))).toBe('PROOF_REJECTED')
  expect(codeOf(await mia.trySignIn(id, code))).toBe('PROOF_REJECTED')
  expect(dataOf(await idem.askAs(hers.accessToken, query, { input })).linkIdentity.account.id).toBe(
    hers.accountId,
  )
})

test('a guest who proves an address becomes a person with the same id', async () => {
  const ned = somebody()
  const guest = await signInAsGuest(idem)
  const linked = dataOf(await ned.tryLink(guest.accessToken)).linkIdentity
  expect(linked.account).toEqual({ id: guest.accountId, kind: 'PERSON' })
  expect((await ned.signIn(2)).accountId).toBe(guest.accountId)
})

test('a session is stepped up by a mail', async () => {
  const ola = somebody()
  const { accessToken } = await ola.signIn()
  idem.clock.advance(700)
  expect(codeOf(await somebody().tryLink(accessToken))).toBe('STEP_UP_REQUIRED')
  const { id } = await ola.challenge({ purpose: 'STEP_UP', accessToken })
  const input = { challengeId: id, proof: { email: { code: await ola.code(2) } } }
  const query = 'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken } }'
  const { stepUp } = dataOf(await idem.askAs(accessToken, query, { input }))
  expect(codeOf(await somebody().tryLink(stepUp.accessToken))).toBeNull()
})

test('a sign-in from a new device and a new key are told to the verified address; a known device is not', async () => {
  const pia = somebody()
  const signedIn = await pia.signIn()
  const key = new KeyOwner(idem)
  dataOf(await key.link(signedIn.accessToken))
  const [keyMail] = await mailsTo(inbox, pia.address, 2)
  expect(keyMail?.text).toContain(key.publicKey)
  // The same program on the same machine: known.
  await key.signIn()
  // Another one: new.
  const challenge = await key.challenge()
  const input = key.answer(challenge)
  dataOf(
    await idem.ask(
      'mutation ($input: SignInInput!) { signIn(input: $input) { account { id } } }',
      { input },
      { 'user-agent': 'curl/8.9.1' },
    ),
  )
  const mails = await mailsTo(inbox, pia.address, 3)
  expect(mails[0]?.text).toContain('curl 8')
  await untilIdle()
  expect(await inbox(pia.address)).toHaveLength(3)
})

test("mails are in the language of the account, else of whoever asks; a stranger's words are not in them", async () => {
  const rut = somebody()
  const agent = 'Gewonnen! www.example.com/prize'
  await rut.challenge({ headers: { 'accept-language': 'de-AT,de;q=0.9', 'user-agent': agent } })
  const [german] = await mailsTo(inbox, rut.address)
  expect(german?.subject).toMatch(/^Anmeld/)
  expect(german?.text).not.toContain('prize')
  expect(german?.html).not.toContain('prize')
  const { id } = await rut.challenge()
  const [english] = await mailsTo(inbox, rut.address, 2)
  expect(english?.subject).toMatch(/^Sign in/)
  await untilIdle()
  expect((await rut.poll(id)).delivery).toBe('SENT')
})

test('one network gets three mails to an address at once, the others are withheld, and the answer is the same', async () => {
  const sam = somebody()
  const asked = await atOnce(7, async () => await sam.challenge())
  const states = async () => {
    const rows = await tables.query('select state from mail where address = $1 order by id', [sam.address])
    return rows.map(({ state }) => state)
  }
  await millisecondsUntil(15_000, async () =>
    (await states()).every((state) => state !== 'queued' && state !== 'sending'),
  )
  expect((await states()).toSorted()).toEqual([...Array(3).fill('sent'), ...Array(4).fill('withheld')])
  for (const challenge of asked) expect(challenge).toMatchObject({ status: 'PENDING', delivery: 'QUEUED' })
  const polled = await Promise.all(asked.map(async ({ id }) => (await sam.poll(id)).delivery))
  // Who asked does not learn how many others did.
  expect(polled.toSorted()).toEqual([...Array(4).fill('QUEUED'), ...Array(3).fill('SENT')])
})

test.each([
  ['no @', 'somebody.example.org'],
  ['two @', 'a@b@example.org'],
  ['a list', 'a@example.org,b@example.org'],
  ['a quoted local part', '"a b"@example.org'],
  ['a line break', 'a@example.org\r\nBcc: b@example.org'],
  ['another @', 'a＠example.org'],
  ['ten kilobytes', `${'a'.repeat(10_240)}@example.org`],
])('an address with %s is refused and leaves nothing behind', async (_what, spelling) => {
  await untilIdle()
  const before = await tables.contents()
  const answer = await somebody().tryChallenge({ spelling })
  expect(codeOf(answer)).toBe('BAD_USER_INPUT')
  expect(answer.errors[0]?.extensions['field']).toBe('address')
  expect(await tables.contents()).toEqual(before)
})

test('an international domain is one address in both its forms', async () => {
  const [unicode, ascii] = [
    new EmailOwner(idem, inbox, 'uwe@bücher.example'),
    new EmailOwner(idem, inbox, 'uwe@xn--bcher-kva.example'),
  ]
  const first = await unicode.challenge()
  const signedIn = expectSignedIn(await ascii.trySignIn(first.id, await ascii.code()))
  expect((await ascii.signIn(2)).accountId).toBe(signedIn.accountId)
})

test('known and unknown addresses get the same answer', async () => {
  const known = somebody()
  await known.signIn()
  const shapes = await Promise.all(
    [known, somebody()].map(async (owner) => {
      const { id, matchCode, expiresAt, ...rest } = await owner.challenge()
      return { ...rest, id: id.length, matchCode: matchCode.length, expiresAt }
    }),
  )
  expect(shapes[0]).toEqual(shapes[1])
})

test('no code, link, token or address of a mail is in the log', async () => {
  const tom = somebody()
  const { id, matchCode } = await tom.challenge()
  const [code, link] = [await tom.code(), await tom.link()]
  await openLink(link)
  await pressButton(link, matchCode)
  await tom.trySignIn(id)
  const log = idem.logLines.join('')
  for (const secret of [code, new URL(link).searchParams.get('token') ?? '', id, tom.address])
    expect(log).not.toContain(secret)
})
