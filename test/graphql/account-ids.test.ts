// Walks the SDL: every argument that is an id is declared, and each that is an account's id takes an absorbed one.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { buildSchema, type GraphQLInputType, getNamedType, isInputObjectType, isObjectType } from 'graphql'
import { expect, test, vi } from 'vitest'
import { codeOf, dataOf, setHandle } from '../support/calls.js'
import { KeyOwner } from '../support/key-owner.js'
import { tryMerge } from '../support/merges.js'
import { serviceOfFile } from '../support/service-of-file.js'
import type { Answer } from '../support/start-service.js'

const sdl = await readFile(path.resolve(import.meta.dirname, '../../schema/idem.graphql'), 'utf8')
const schema = buildSchema(sdl.replace(/^extend schema @link.*$/m, ''), { assumeValidSDL: true })

const { idem, tables } = await serviceOfFile({ environment: { IDEM_OPERATORS: 'operator-ada' } })
const ada = new KeyOwner(idem)
const { accessToken: operator, accountId: operatorId } = await ada.signIn('operator-ada')

/** Two accounts, of which one was merged into the other. */
interface Merged {
  readonly absorbed: string
  readonly survivor: string
}

const absorb = async ({ absorbed, survivor }: Merged): Promise<Merged> => {
  await tables.query('update account set merged_into_id = $2 where id = $1', [absorbed, survivor])
  const leadsTo = async () => (await idem.foundation.accounts.find(idem.foundation.ownCall(), absorbed))?.id
  await vi.waitFor(async () => expect(await leadsTo()).toBe(survivor), 2_000)
  return { absorbed, survivor }
}

const merged = async (): Promise<Merged> => {
  const [one, two] = [await new KeyOwner(idem).signIn(), await new KeyOwner(idem).signIn()]
  return await absorb({ absorbed: two.accountId, survivor: one.accountId })
}

const asOperator = async (query: string, variables: object): Promise<Answer> =>
  await idem.askAs(operator, query, variables)

const ask = async (query: string, id: string): Promise<Answer['data']> =>
  dataOf(await asOperator(query, { id }))

/** Each argument that is an account's id, with what has to hold when it is given an absorbed one. */
const accountIds: Readonly<Record<string, (pair: Merged) => Promise<void>>> = {
  'Query.account.id': async ({ absorbed, survivor }) => {
    const data = await ask('query ($id: ID!) { account(id: $id) { id } }', absorbed)
    expect(data.account).toEqual({ id: survivor })
  },
  'Query.accountAlias.id': async ({ absorbed, survivor }) => {
    const query = 'query ($id: ID!) { accountAlias(id: $id) }'
    for (const id of [absorbed, absorbed.toUpperCase(), survivor])
      expect((await ask(query, id)).accountAlias).toBe(survivor)
  },
  'Query.accounts.search': async ({ absorbed, survivor }) => {
    const query = 'query ($id: String) { accounts(search: $id) { edges { node { id } } } }'
    for (const search of [absorbed, absorbed.slice(0, 35), survivor])
      expect((await ask(query, search)).accounts.edges).toEqual([{ node: { id: survivor } }])
  },
  'Mutation.suspendAccount.id': async ({ absorbed, survivor }) => {
    const suspend = 'mutation ($id: ID!) { suspendAccount(id: $id, reason: "spam") { id suspendedAt } }'
    const at = idem.clock.now().toISOString()
    expect((await ask(suspend, absorbed)).suspendAccount).toEqual({ id: survivor, suspendedAt: at })
    expect(codeOf(await asOperator(suspend, { id: absorbed }))).toBe('CONFLICT')
    expect(await tables.actsOn(survivor)).toContain('account.suspended')
  },
  'Mutation.reinstateAccount.id': async ({ absorbed, survivor }) => {
    await tables.query('update account set suspended_at = now() where id = $1', [survivor])
    const reinstate = 'mutation ($id: ID!) { reinstateAccount(id: $id) { id suspendedAt } }'
    expect((await ask(reinstate, absorbed)).reinstateAccount).toEqual({ id: survivor, suspendedAt: null })
    expect(await tables.actsOn(survivor)).toContain('account.reinstated')
  },
  'Mutation.endAccountSessions.id': async ({ absorbed, survivor }) => {
    const end = 'mutation ($id: ID!) { endAccountSessions(id: $id) }'
    expect((await ask(end, absorbed)).endAccountSessions).toBe(1)
    const live = 'select from session where account_id = $1 and ended_at is null'
    expect(await tables.query(live, [survivor])).toEqual([])
    expect(await tables.actsOn(survivor)).toContain('account.sessions_ended')
  },
  'LinkSideInput.accountId': async ({ absorbed, survivor }) => {
    const other = { accountId: operatorId }
    const decision = await explain({ own: { accountId: absorbed }, other })
    expect(decision).toEqual(await explain({ own: { accountId: survivor }, other }))
    expect(decision).toMatchObject({ outcome: 'MERGED', absorbedId: survivor })
    const same = await explain({ own: { accountId: absorbed }, other: { accountId: survivor } })
    expect(same).toMatchObject({ outcome: 'REFUSED', reason: 'SAME_ACCOUNT' })
  },
  'MergeAccountsInput.survivor': async ({ absorbed, survivor }) => {
    const { own, ticket } = await planWith(survivor)
    const merge = await tryMerge(idem, own.accessToken, ticket, { survivor: absorbed })
    expect(dataOf(merge).mergeAccounts).toMatchObject({ survivorId: survivor, rule: 'CHOSEN' })
  },
  'MergeResolutionInput.from': async ({ absorbed, survivor }) => {
    await tables.query(`update account set display_name = 'Chosen' where id = $1`, [survivor])
    const { own, ticket } = await planWith(survivor, 'Other')
    const resolutions = [{ field: 'DISPLAY_NAME', from: absorbed }]
    const choices = { survivor: own.accountId, resolutions }
    expect(codeOf(await tryMerge(idem, own.accessToken, ticket, choices))).toBeNull()
    const name = 'select display_name as name from account where id = $1'
    expect(await tables.query(name, [own.accountId])).toEqual([{ name: 'Chosen' }])
    // This file absorbs without a record, from which a merge would know who leads to the survivor.
    await tables.query('update account set merged_into_id = $2 where id = $1', [absorbed, own.accountId])
  },
  'ExplainLinkInput.survivor': async ({ absorbed, survivor }) => {
    const sides = { own: { accountId: survivor }, other: { accountId: operatorId } }
    expect(await explain({ ...sides, survivor: absorbed })).toMatchObject({
      rule: 'CHOSEN',
      survivorId: survivor,
    })
  },
}

/** The plan of somebody new to merge with an account, of which it proves a new key. */
const planWith = async (accountId: string, displayName: string | null = null) => {
  const [own, key] = [await new KeyOwner(idem).signIn(), new KeyOwner(idem)]
  await tables.query(
    `insert into identity (id, account_id, method, issuer, subject, created_at, failed_proofs)
     select gen_random_uuid(), $1, method, issuer, $2, now(), 0 from identity where method = 'key' limit 1`,
    [accountId, key.publicKey],
  )
  await tables.query('update account set display_name = $2 where id = $1', [own.accountId, displayName])
  const { mergePlan } = dataOf(await key.link(own.accessToken)).linkIdentity
  return { own, ticket: mergePlan.ticket }
}

/** Explains to the operator what would come of a link. */
const explain = async (input: object): Promise<Answer['data']> => {
  const query = `query ($input: ExplainLinkInput!) { explainLink(input: $input) {
    outcome rule reason survivorId absorbedId } }`
  return dataOf(await asOperator(query, { input })).explainLink
}

/** Each argument that is the id of something else. */
const otherIds = new Set([
  'LinkIdentityInput.challengeId',
  'LinkSideInput.identityId',
  'Mutation.cancelPasswordReset.id',
  'Mutation.redeliverFailedWebhooks.endpointId',
  'Mutation.redeliverWebhook.id',
  'Mutation.removeDevice.id',
  'Mutation.removeWebhookEndpoint.id',
  'Mutation.renameIdentity.id',
  'Mutation.retryFailedJob.id',
  'Mutation.revokeSession.id',
  'Mutation.rotateWebhookSecret.id',
  'Mutation.undoMerge.id',
  'Mutation.unlinkIdentity.id',
  'Query.challenge.id',
  'Query.mergeUndoPlan.id',
  'Query.webhookDeliveries.endpointId',
  'RegisterDeviceInput.challengeId',
  'ResetPasswordInput.challengeId',
  'SignInInput.challengeId',
  'Subscription.challengeUpdated.id',
  'UpdateWebhookEndpointInput.id',
])

const isId = (type: GraphQLInputType): boolean => getNamedType(type).name === 'ID'

/** The arguments and input fields that are ids, and the one text that may be the beginning of one. */
const idPlaces = Object.values(schema.getTypeMap())
  .flatMap((type) => {
    if (isInputObjectType(type))
      return Object.values(type.getFields()).map((field) => ({
        ...field,
        name: `${type.name}.${field.name}`,
      }))
    if (!isObjectType(type) || type.name.startsWith('__')) return []
    return Object.values(type.getFields()).flatMap(({ name, args }) =>
      args.map((argument) => ({ ...argument, name: `${type.name}.${name}.${argument.name}` })),
    )
  })
  .filter(({ type, name }) => isId(type) || name === 'Query.accounts.search')
  .map(({ name }) => name)

test('every argument that is an id is declared here as that of an account or of something else', () => {
  expect([...Object.keys(accountIds), ...otherIds].toSorted()).toEqual(idPlaces.toSorted())
})

test.each(Object.entries(accountIds))('%s takes an absorbed id as that of the survivor', async (_, holds) => {
  await holds(await merged())
})

test('an absorbed id of a chain leads to the account at its end', async () => {
  const { absorbed: first, survivor: second } = await merged()
  const { accountId: third } = await new KeyOwner(idem).signIn()
  // As a merge does, also for those that were merged before.
  await absorb({ absorbed: second, survivor: third })
  await absorb({ absorbed: first, survivor: third })
  for (const id of [first, second])
    expect((await ask('query ($id: ID!) { accountAlias(id: $id) }', id)).accountAlias).toBe(third)
})

test('an operator is no more suspended by an absorbed id than by its own', async () => {
  const { accountId } = await new KeyOwner(idem).signIn()
  const { absorbed } = await absorb({ absorbed: accountId, survivor: operatorId })
  const before = await tables.contents()
  const suspend = 'mutation ($id: ID!) { suspendAccount(id: $id, reason: "spam") { id } }'
  expect(codeOf(await asOperator(suspend, { id: absorbed }))).toBe('FORBIDDEN')
  expect(await tables.contents()).toEqual(before)
})

test('pages of accounts hold each survivor once and no absorbed account, whatever was merged into it', async () => {
  const { survivor } = await merged()
  for (let count = 0; count < 4; count += 1)
    await absorb({ absorbed: (await new KeyOwner(idem).signIn()).accountId, survivor })
  dataOf(await setHandle(idem, (await new KeyOwner(idem).signIn()).accessToken, 'newest-one'))
  const live = await tables.query('select id from account where merged_into_id is null order by id desc')
  for (const search of [null, '0']) {
    const seen: string[] = []
    for (let after: string | null = null, more = true; more; ) {
      const query = `query ($after: String, $search: String) { accounts(first: 2, after: $after, search: $search) {
        edges { node { id } } pageInfo { hasNextPage endCursor } } }`
      const page: {
        edges: { node: { id: string } }[]
        pageInfo: { hasNextPage: boolean; endCursor: string }
      } = dataOf(await asOperator(query, { after, search })).accounts
      seen.push(...page.edges.map(({ node }) => node.id))
      after = page.pageInfo.endCursor
      more = page.pageInfo.hasNextPage
    }
    expect(seen).toEqual(live.map(({ id }) => id))
  }
})
