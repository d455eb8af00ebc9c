// Random sequences of merges and undos, and of what happens beside them, leave what the model of merging says.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openRooms } from '../jobs/open-rooms.js'
import { foundSequences } from './found-sequences.js'
import { Ground } from './ground.js'
import type { Model } from './model.js'
import { runAct } from './run-act.js'
import { Ids, modelOf, type Sequence, sequences } from './sequences.js'

/** `IDEM_TEST_MERGES=full` is for CI: it takes minutes. */
const count = process.env['IDEM_TEST_MERGES'] === 'full' ? 10_000 : 1_000
/**
 * The same sequences each time, so that a change fails by what it changes. `IDEM_TEST_SEED=random`, or a number, tries
 * others.
 */
const { IDEM_TEST_SEED = '1' } = process.env
const seeded = IDEM_TEST_SEED === 'random' ? {} : { seed: Number(IDEM_TEST_SEED) }
/** No limit of the product: it only ends a test that hangs. */
const testMilliseconds = 30 * 60_000

/** What holds after every act, whatever the acts were, by the model alone. */
const holdInvariants = (model: Model): void => {
  for (const { account, table } of model.rows.values()) expect(model.account(account).into, table).toBeNull()
  for (const { into } of model.accounts.values())
    if (into !== null) expect(model.account(into).into).toBeNull()
  // What an account shows is its own.
  for (const { id, into, handle, primaryEmail } of model.accounts.values()) {
    if (into !== null) continue
    const rows = model.rowsOf(id)
    if (handle !== null) expect(rows.find(({ key }) => key === handle)).toMatchObject({ active: true })
    if (primaryEmail !== null)
      expect(rows.map(({ kind, key }) => [kind, key])).toContainEqual(['email', primaryEmail])
  }
}

let ground: Ground
let run = 0

const openGround = async (): Promise<void> => {
  ground = new Ground(await openRooms())
}

const holds = async ({ accounts, acts }: Sequence): Promise<void> => {
  run += 1
  const ids = new Ids(run)
  const stage = { model: modelOf(accounts, ids), ground, ids, former: [] }
  await ground.seed(stage.model)
  for (const act of acts) {
    await runAct(stage, act)
    holdInvariants(stage.model)
  }
}

test.each(Object.entries(foundSequences))('%s', async (_, sequence) => {
  await openGround()
  await holds(sequence)
})

test(`${count} sequences leave what the model says`, { timeout: testMilliseconds }, async () => {
  await openGround()
  // On failure it prints the seed and the sequence, shrunk.
  await fc.assert(fc.asyncProperty(sequences, holds), { numRuns: count, ...seeded })
})
