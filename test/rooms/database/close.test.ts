// The database is closed while a read is under way, as by a process that is stopped just after its start.
import { expect, test } from 'vitest'
import { SigningKey } from '../../../src/tokens/signing-key.js'
import { openDatabase } from '../../support/open-database.js'
import { createDatabase } from '../../support/start-service.js'

test('a read whose connection is just being made is answered before the database is closed', async () => {
  const database = await openDatabase(await createDatabase())
  const read = database.fork().find(SigningKey, {})
  // The ORM asks the pool for a connection before anything else happens; to make one takes several answers.
  await new Promise(setImmediate)
  await Promise.all([expect(read).resolves.toEqual([]), database.close()])
})
