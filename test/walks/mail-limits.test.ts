// The limits on mails from both sides: what a stranger can do to an owner by them, and what he tries to get past them.
import { expect, test } from 'vitest'
import { codeOf, dataOf, millisecondsUntil } from '../support/calls.js'
import { type EmailChallenge, EmailOwner, type Headers } from '../support/email-owner.js'
import { expectSignedIn, signInAsGuest } from '../support/key-owner.js'
import { mailedServiceOfFile } from '../support/mailed-service.js'

const { idem, tables, smtp, inbox } = await mailedServiceOfFile({ IDEM_TRUSTED_PROXIES: '127.0.0.1' })

const quarterHourSeconds = 15 * 60
let count = 0
const somebody = (domain = 'example.org'): EmailOwner =>
  new EmailOwner(idem, inbox, `limits${++count}@${domain}`)

/** A network that nobody has asked from. */
let networks = 0
const newNetwork = (): Headers => {
  networks += 1
  return { 'x-forwarded-for': `10.${networks >> 16}.${(networks >> 8) & 255}.${networks & 255}` }
}

/** Waits until every mail is sent, withheld, or waits for its turn. */
const untilJudged = async (): Promise<void> =>
  void (await millisecondsUntil(20_000, async () => {
    const [row] = await tables.query(
      `select count(*)::int as open from mail where state = 'sending' or state = 'queued' and reply is null`,
    )
    return row.open === 0
  }))

/** What a stranger from each of several new networks gets to see of his request for the first mail to an address. */
const askFromNetworks = async (owner: EmailOwner, many: number): Promise<EmailChallenge[]> => {
  const asked: EmailChallenge[] = []
  for (let index = 0; index < many; index++) asked.push(await owner.challenge({ headers: newNetwork() }))
  await untilJudged()
  return await Promise.all(asked.map(async ({ id }) => await owner.poll(id)))
}

const sentTo = (...addresses: readonly string[]): number =>
  addresses.reduce((sum, address) => sum + smtp.count(address), 0)

/** The delivery of a mail once it was judged. */
const deliveryOf = async (owner: EmailOwner, { id }: EmailChallenge): Promise<string> => {
  await untilJudged()
  return (await owner.poll(id)).delivery
}

test('two networks that ask for all they may leave room for the owner on a third', async () => {
  const ada = somebody()
  for (const network of [newNetwork(), newNetwork()])
    for (let index = 0; index < 4; index++) await ada.challenge({ headers: network })
  await untilJudged()
  expect(sentTo(ada.address)).toBe(4)
  const asked = await ada.challenge({ headers: newNetwork() })
  expect(await deliveryOf(ada, asked)).toBe('SENT')
  expect(sentTo(ada.address)).toBe(5)
})

test('strangers on ten networks get five mails to a mailbox, and the network that its owner proved it from has its own', async () => {
  const bea = somebody()
  const home = newNetwork()
  await bea.signIn(1, home)
  idem.clock.advance(quarterHourSeconds)
  await bea.signIn(2, home)
  // What she did at home takes nothing from strangers, and so tells them nothing.
  const seen = await askFromNetworks(bea, 10)
  expect(seen.map(({ delivery }) => delivery).toSorted()).toEqual([
    ...Array(5).fill('QUEUED'),
    ...Array(5).fill('SENT'),
  ])
  expect(sentTo(bea.address)).toBe(7)
  const asked = await bea.challenge({ headers: home })
  expect(await deliveryOf(bea, asked)).toBe('SENT')
  expectSignedIn(await bea.trySignIn(asked.id, await bea.code(8)))
})

test('a session of the account that the address leads to has its own, wherever it is; any other session has not', async () => {
  const [cem, dan] = [somebody(), somebody()]
  const own = await cem.signIn(1, newNetwork())
  const [other, guest] = [await dan.signIn(1, newNetwork()), await signInAsGuest(idem)]
  await askFromNetworks(cem, 10)
  // Nothing was proven when she asked for the first: it was a stranger's.
  expect(sentTo(cem.address)).toBe(5)
  for (const { accessToken } of [other, guest]) {
    const asked = await cem.challenge({ accessToken, headers: newNetwork() })
    expect(await deliveryOf(cem, asked)).toBe('QUEUED')
  }
  const stranger = newNetwork()
  for (const purpose of ['SIGN_IN', 'STEP_UP'])
    expect(
      await deliveryOf(
        cem,
        await cem.challenge({ purpose, accessToken: own.accessToken, headers: stranger }),
      ),
    ).toBe('SENT')
  expect(sentTo(cem.address)).toBe(7)
})

test('a stranger in the network of the owner does not use up what is the device’s own', async () => {
  const eva = somebody()
  const home = newNetwork()
  const { accessToken } = await eva.signIn(1, home)
  for (let index = 0; index < 3; index++) await eva.challenge({ headers: home })
  expect(codeOf(await eva.tryChallenge({ headers: home }))).toBe('RATE_LIMITED')
  const asked = await eva.challenge({ purpose: 'STEP_UP', accessToken, headers: home })
  expect(await deliveryOf(eva, asked)).toBe('SENT')
})

test('tags, case and the other name of a domain lead to one mailbox: one network asks four times, all strangers get five', async () => {
  const name = `fay.${++count}`
  const spellings = [
    `${name}@gmail.com`,
    `${name.replace('.', '')}+a@gmail.com`,
    `F.ay${count}+b+c@GoogleMail.com`,
  ]
  const asFay = (spelling: string): EmailOwner => new EmailOwner(idem, inbox, spelling)
  const network = newNetwork()
  for (const [index, spelling] of [...spellings, `${name}+1@gmail.com`].entries())
    expect([index, codeOf(await asFay(spelling).tryChallenge({ headers: network }))]).toEqual([index, null])
  for (const spelling of [...spellings, `${name}+2@gmail.com`])
    expect(codeOf(await asFay(spelling).tryChallenge({ headers: network }))).toBe('RATE_LIMITED')
  for (let index = 0; index < 12; index++)
    await asFay(`${name}+n${index}@gmail.com`).challenge({ headers: newNetwork() })
  await untilJudged()
  const rows = await tables.query(
    `select address from mail where state = 'sent' and address like 'f%ay%@g%mail.com'`,
  )
  expect(rows).toHaveLength(5)
})

test('whoever proved an address with a tag gets nothing of his own to the address without it, for it may be another’s', async () => {
  const gus = somebody()
  const attacker = new EmailOwner(idem, inbox, gus.address.replace('@', '+hers@'))
  const den = newNetwork()
  const { accessToken } = await attacker.signIn(1, den)
  await askFromNetworks(gus, 10)
  const before = sentTo(gus.address)
  for (const options of [{ headers: den }, { headers: den, accessToken }])
    expect(await deliveryOf(gus, await gus.challenge(options))).toBe('QUEUED')
  expect(sentTo(gus.address)).toBe(before)
})

test('what a stranger sees is the same whether the address is known, and however many others asked', async () => {
  const [known, unknown, flooded] = [somebody(), somebody(), somebody()]
  await known.signIn(1, newNetwork())
  await askFromNetworks(flooded, 10)
  const stranger = newNetwork()
  const shapes: object[] = []
  for (const owner of [known, unknown, flooded]) {
    const answers: object[] = []
    for (let index = 0; index < 4; index++) {
      const { id, matchCode, ...rest } = await owner.challenge({ headers: stranger })
      answers.push({ ...rest, id: id.length, matchCode: matchCode.length })
    }
    const refused = await owner.tryChallenge({ headers: stranger })
    answers.push({ code: codeOf(refused), after: refused.errors[0]?.extensions['retryAfterSeconds'] })
    shapes.push(answers)
  }
  expect(shapes[1]).toEqual(shapes[0])
  expect(shapes[2]).toEqual(shapes[0])
  expect(shapes[0]).toMatchObject([
    { delivery: 'QUEUED', retryAfterSeconds: 60 },
    { retryAfterSeconds: 60 },
    { retryAfterSeconds: 60 },
    { retryAfterSeconds: 900 },
    { code: 'RATE_LIMITED', after: 900 },
  ])
})

test('the time after which to ask again counts down, wherever the mail stands', async () => {
  const [hal, ida] = [somebody(), somebody()]
  await askFromNetworks(ida, 10)
  const ids = [await hal.challenge({ headers: newNetwork() }), await ida.challenge({ headers: newNetwork() })]
  await untilJudged()
  idem.clock.advance(45)
  const polled = await Promise.all(
    [hal, ida].map(async (owner, index) => await owner.poll(ids[index]?.id ?? '')),
  )
  expect(polled).toMatchObject([
    { delivery: 'SENT', retryAfterSeconds: 15 },
    { delivery: 'QUEUED', retryAfterSeconds: 15 },
  ])
  idem.clock.advance(60)
  expect(await hal.poll(ids[0]?.id ?? '')).toMatchObject({ retryAfterSeconds: 0 })
})

test('asking leaves no trace of a network; answering leaves a hash, of the eight newest', async () => {
  const jan = somebody()
  const rows = async (): Promise<readonly string[]> =>
    (
      await tables.query(
        `select t::text from known_network t where address_hash = encode(sha256($1), 'hex')`,
        [jan.address],
      )
    ).map(({ t }) => t)
  await askFromNetworks(jan, 2)
  expect(await rows()).toEqual([])
  for (let index = 0; index < 10; index++) {
    idem.clock.advance(quarterHourSeconds)
    await jan.signIn(3 + index, newNetwork())
  }
  expect(await rows()).toHaveLength(8)
  const text = (await rows()).join()
  for (const clear of [jan.address, '10.0.']) expect(text).not.toContain(clear)
})

test('a proof that is refused makes no network known', async () => {
  const kim = somebody()
  const den = newNetwork()
  const asked = await kim.challenge({ headers: den })
  expect(codeOf(await kim.trySignIn(asked.id, 'AAAAAAAA'))).toBe('PROOF_REJECTED')
  dataOf(await idem.ask(`{ challenge(id: "${asked.id}") { status } }`))
  await askFromNetworks(kim, 10)
  const again = await kim.challenge({ headers: den })
  expect(await deliveryOf(kim, again)).toBe('QUEUED')
})
