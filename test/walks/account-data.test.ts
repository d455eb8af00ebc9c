// The story of an account that leaves: two are merged, exported, kept once, and deleted with all that they were.
import { expect, test, vi } from 'vitest'
import { purgeExpired } from '../../jobs/purge-expired.js'
import { deletionSeconds, exportPages, tablesWith, tryDelete, tryKeep } from '../support/account-data.js'
import { askMe, codeOf, dataOf, untilRefused } from '../support/calls.js'
import { KeyOwner } from '../support/key-owner.js'
import { mailsTo } from '../support/mail-reader.js'
import { mailedServiceOfFile } from '../support/mailed-service.js'
import { tryMerge } from '../support/merges.js'
import { giveAddress } from '../support/password-owner.js'

const { idem, tables, inbox } = await mailedServiceOfFile({
  // The test purges by itself, when its clock has moved.
  IDEM_PURGE_SCHEDULE: '0 0 1 1 *',
})

/** What the worker does each hour. */
const purge = async (): Promise<Readonly<Record<string, number>>> => {
  const { foundation, options } = idem
  const { settings, logger, random } = options
  return await purgeExpired(foundation.ownCall(), async () => undefined, {
    ...foundation,
    logger,
    random,
    keptHandles: settings.operators.list.handles,
    keptFor: {
      endedSessionDays: settings.sessions.endedSessionDays,
      challengeHours: settings.challenges.keptHours,
      mailDays: settings.mail.keptDays,
      knownNetworkDays: settings.mail.knownNetworkDays,
      doneJobDays: settings.outbox.doneJobDays,
      idleGuestDays: settings.accounts.idleGuestDays,
      handleQuarantineDays: settings.accounts.handleQuarantineDays,
      auditDays: settings.audit,
      webhookDays: settings.webhooks.keptDays,
    },
  })
}

const planOf = async (accessToken: string, other: KeyOwner): Promise<{ ticket: string }> =>
  dataOf(await other.link(accessToken)).linkIdentity.mergePlan

test('an account with all that was merged into it is exported, kept, and in the end deleted', async () => {
  const [home, work, third] = [new KeyOwner(idem), new KeyOwner(idem), new KeyOwner(idem)]
  const [{ accountId, accessToken }, absorbed] = [
    await home.signIn('ada-leaves'),
    await work.signIn('ada-works'),
  ]
  await third.signIn('ada-again')
  const address = 'ada.leaves@example.com'
  await giveAddress(idem, accountId, address)

  // 1 two become one, and the export tells of both
  const { mergeAccounts: merge } = dataOf(
    await tryMerge(idem, accessToken, (await planOf(accessToken, work)).ticket),
  )
  expect(merge).toMatchObject({ survivorId: accountId, absorbedId: absorbed.accountId })
  const pages = await exportPages(idem, accessToken)
  expect(pages).toHaveLength(1)
  expect(new Set(pages[0]?.['accounts'].map(({ id }: { id: string }) => id))).toEqual(
    new Set([accountId, absorbed.accountId]),
  )
  expect(pages[0]?.['merges']).toMatchObject([{ id: merge.id, absorbedBefore: { handle: 'ada-works' } }])
  expect(pages[0]?.['handles'].map(({ name }: { name: string }) => name)).toEqual(['ada-leaves', 'ada-works'])

  // 2 while it waits to be deleted it can be merged with nothing, whichever side it would be
  const planned = await planOf(accessToken, third)
  dataOf(await tryDelete(idem, accessToken))
  const late = await tryMerge(idem, accessToken, planned.ticket)
  expect([codeOf(late), late.errors[0]?.message]).toEqual([
    'MERGE_REFUSED',
    expect.stringContaining('Cancel its deletion first'),
  ])
  expect(codeOf(await third.link(accessToken))).toBe('MERGE_REFUSED')
  const other = await third.signIn()
  expect(codeOf(await home.link(other.accessToken))).toBe('MERGE_REFUSED')

  // 3 it is kept, and begins again
  idem.clock.advance(deletionSeconds - 600)
  const kept = await work.signIn()
  expect(kept.accountId).toBe(accountId)
  dataOf(await tryKeep(idem, kept.accessToken))
  idem.clock.advance(3_600)
  expect(await purge()).toMatchObject({ 'accounts that were due': 0 })
  const last = await home.signIn()
  dataOf(await tryDelete(idem, last.accessToken))

  // 4 it is due, and gone: its tokens, its ids, its names, and what could restore a part of it
  idem.clock.advance(deletionSeconds)
  const live = await home.signIn()
  expect(await purge()).toMatchObject({ 'accounts that were due': 1 })
  await untilRefused(idem, live.accessToken)
  const anew = await work.signIn()
  expect([anew.provisioned, anew.accountId === accountId]).toEqual([true, false])
  for (const id of [accountId, absorbed.accountId]) {
    const alias = await idem.askAs(anew.accessToken, 'query ($id: ID!) { accountAlias(id: $id) }', { id })
    expect(codeOf(alias)).toBe('NOT_FOUND')
  }
  const undo = await idem.askAs(anew.accessToken, 'mutation ($id: ID!) { undoMerge(id: $id) { id } }', {
    id: merge.id,
  })
  expect(codeOf(undo)).toBe('NOT_FOUND')
  for (const name of ['ada-leaves', 'ada-works']) expect(await tablesWith(tables, name)).toEqual(['handle'])
  expect(await tablesWith(tables, home.publicKey)).toEqual([])
  await vi.waitFor(async () => {
    const subjects = (await mailsTo(inbox, address, 1)).map(({ subject }) => subject)
    expect(subjects).toContain('The account ada-leaves was deleted')
  }, 10_000)

  // 5 whoever was not concerned is as before
  expect(dataOf(await askMe(idem, (await third.signIn()).accessToken)).me.handle).toBe('ada-again')
})
