// The story of a guest whose address turns out to be that of an account: merged at once, and nothing leads back.
import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import {
  askMe,
  codeOf,
  dataOf,
  millisecondsUntil,
  setHandle,
  tryRefresh,
  untilRefused,
} from '../support/calls.js'
import { EmailOwner } from '../support/email-owner.js'
import { KeyOwner, signInAsGuest, trySignInAsGuest } from '../support/key-owner.js'
import { mailAbout, mailsTo } from '../support/mail-reader.js'
import { mailedServiceOfFile } from '../support/mailed-service.js'
import { VerifyingReceiver } from '../support/webhook-receiver.js'

const { idem, tables, inbox } = await mailedServiceOfFile({
  IDEM_THROTTLE_MAILS_PER_SOURCE: '100000',
  IDEM_THROTTLE_MAILS_PER_SUBJECT: '100000',
  IDEM_OPERATORS: 'olga',
})

/** A system behind Idem, whose endpoint the operator adds; it verifies by `standardwebhooks`. */
const openDownstream = async (): Promise<VerifyingReceiver> => {
  const receiver = await VerifyingReceiver.start()
  onTestFinished(async () => await receiver.stop())
  const { accessToken } = await new KeyOwner(idem).signIn('olga')
  const added = await idem.askAs(
    accessToken,
    'mutation ($url: String!) { addWebhookEndpoint(input: { url: $url }) { secret } }',
    { url: receiver.url },
  )
  receiver.know(dataOf(added).addWebhookEndpoint.secret)
  return receiver
}

/** What the accounts own, with the credentials; when an identity was last used may change. */
const ownedBy = async (...ids: readonly string[]) =>
  await tables.query(
    `select 'account' as "table", to_jsonb(a) as row from account a where id = any($1)
     union all select 'identity', to_jsonb(i) - 'last_used_at' from identity i where account_id = any($1)
     union all select 'handle', to_jsonb(h) from handle h where account_id = any($1) order by 1, 2`,
    [ids],
  )

// By the machine's clock, because a receiver refuses what is older than five minutes.
test('the systems behind are told of the merge and of its undo, after which both accounts are as before', async () => {
  const downstream = await openDownstream()
  const hopper = new EmailOwner(idem, inbox, 'hopper@example.org')
  const account = await hopper.signIn()
  const deviceSecret = randomBytes(32).toString('base64')
  const guest = await signInAsGuest(idem, { deviceSecret })
  dataOf(await setHandle(idem, guest.accessToken, 'visitor'))
  const before = await ownedBy(account.accountId, guest.accountId)

  const { merge, tokens } = dataOf(await hopper.tryLink(guest.accessToken, 2)).linkIdentity
  await untilRefused(idem, guest.accessToken)
  const arrivalsOf = (type: string) =>
    downstream.arrivals.flatMap(({ payload }) => (payload?.type === type ? [payload.data] : []))
  await millisecondsUntil(30_000, async () => arrivalsOf('account.merged').length > 0)
  expect(arrivalsOf('account.merged')).toMatchObject([
    { mergeId: merge.id, ids: [{ from: guest.accountId, to: account.accountId }] },
  ])

  dataOf(
    await idem.askAs(tokens.accessToken, 'mutation ($id: ID!) { undoMerge(id: $id) { undoneAt } }', {
      id: merge.id,
    }),
  )
  await millisecondsUntil(30_000, async () => arrivalsOf('account.unmerged').length === 2)
  for (const { ids } of arrivalsOf('account.unmerged'))
    expect(ids).toEqual([{ from: guest.accountId, to: account.accountId }])
  expect(await ownedBy(account.accountId, guest.accountId)).toEqual(before)
  const notice = await mailAbout(inbox, hopper.address, 'was undone')
  expect(notice.text).toContain('Two accounts that had become one are two again')
  expect((await signInAsGuest(idem, { deviceSecret })).accountId).toBe(guest.accountId)
  await millisecondsUntil(30_000, async () => {
    const { merges } = dataOf(
      await idem.askAs(tokens.accessToken, '{ merges { acknowledgements { acknowledgedAt } } }'),
    )
    const { acknowledgements } = merges[0]
    const isAcknowledged = ({ acknowledgedAt }: { readonly acknowledgedAt: string | null }) =>
      acknowledgedAt !== null
    return acknowledgements.length === 3 && acknowledgements.every(isAcknowledged)
  })
})

test('a guest gives the code of an address that has an account, and goes on in that account', async () => {
  const ada = new EmailOwner(idem, inbox, 'ada@example.org')
  const account = await ada.signIn()
  dataOf(await setHandle(idem, account.accessToken, 'ada'))
  // Weeks later, in an app that starts without asking who one is.
  idem.clock.advance(30 * 24 * 3_600)
  const deviceSecret = randomBytes(32).toString('base64')
  const guest = await signInAsGuest(idem, { deviceSecret })
  dataOf(await setHandle(idem, guest.accessToken, 'wanderer'))

  const { linkIdentity: linked } = dataOf(await ada.tryLink(guest.accessToken, 2))
  expect(linked).toMatchObject({
    account: { id: account.accountId, kind: 'PERSON' },
    identity: null,
    mergePlan: null,
    secondFactor: null,
    merge: {
      survivorId: account.accountId,
      absorbedId: guest.accountId,
      rule: 'GUEST_INTO_ACCOUNT',
      undoneAt: null,
      proofs: [
        { side: 'ABSORBED', method: 'anonymous' },
        { side: 'SURVIVOR', method: 'email' },
      ],
    },
  })

  // The new tokens are the account's, and name the guest.
  const { me } = dataOf(await askMe(idem, linked.tokens.accessToken))
  expect(me).toMatchObject({ id: account.accountId, handle: 'ada', kind: 'PERSON' })
  expect(me.identities.map(({ method }: { method: string }) => method)).toEqual(['email'])
  const claims = JSON.parse(
    Buffer.from(linked.tokens.accessToken.split('.')[1] ?? '', 'base64url').toString(),
  )
  expect(claims).toMatchObject({ sub: account.accountId, idem_aliases: [guest.accountId] })

  // The old ones open nothing, nor does the guest's secret; its id and its handle lead to the account.
  await untilRefused(idem, guest.accessToken)
  expect(codeOf(await tryRefresh(idem, guest.refreshToken))).toBe('UNAUTHENTICATED')
  expect(codeOf(await trySignInAsGuest(idem, { deviceSecret }))).toBe('PROOF_REJECTED')
  const alias = await idem.askAs(linked.tokens.accessToken, 'query ($id: ID!) { accountAlias(id: $id) }', {
    id: guest.accountId,
  })
  expect(dataOf(alias).accountAlias).toBe(account.accountId)
  expect(await tables.query(`select account_id as id from handle where name = 'wanderer'`)).toEqual([
    { id: account.accountId },
  ])

  // The owner is told once: by the notice of the merge.
  const mails = await mailsTo(inbox, ada.address, 3)
  expect(mails[0]?.subject).toContain('merged into the account ada')
  expect(mails[0]?.text).toContain('undoMerge')
  expect((await tables.actsOn(account.accountId)).slice(-2)).toEqual(
    expect.arrayContaining(['account.merged', 'session.started']),
  )
})

test('an address that nobody has is linked: the guest becomes a person, with the same id', async () => {
  const grace = new EmailOwner(idem, inbox, 'grace@example.org')
  const guest = await signInAsGuest(idem)
  const { linkIdentity: linked } = dataOf(await grace.tryLink(guest.accessToken))
  expect(linked).toMatchObject({
    account: { id: guest.accountId, kind: 'PERSON' },
    merge: null,
    tokens: null,
  })
})
