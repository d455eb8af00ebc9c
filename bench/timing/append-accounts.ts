// Inserts accounts in the state that they have some time after a registration by email.
import { Accounts } from '../../src/accounts/accounts.js'
import { Notifications } from '../../src/database/notifications.js'
import { Identities } from '../../src/identities/identities.js'
import { newIdentity } from '../../src/identities/identity.js'
import { locales } from '../../src/mail/locale.js'
import { systemRandom } from '../../src/runtime/random.js'
import type { Tables } from '../tables.js'

/** Inserts an account for each of the verified `addresses`, with a language and with notices. */
export const appendAccounts = async (tables: Tables, addresses: readonly string[]): Promise<void> => {
  const { database, logger, metrics, ownCall } = tables
  // Not started, because this process caches nothing.
  const accounts = new Accounts(new Notifications(database.url, database, logger, metrics))
  const identities = new Identities({ maxPerAccount: 1 })
  await ownCall().inTransaction(async (call) => {
    for (const [index, address] of addresses.entries()) {
      const [id, createdAt] = [systemRandom.uuid(), call.now]
      const account = {
        id,
        kind: 'PERSON' as const,
        level: 'aal1' as const,
        handle: `known-${id}`,
        displayName: 'Ada',
        locale: locales[index % locales.length] ?? null,
        primaryEmail: address,
        signInNotices: true,
        suspendedAt: null,
        mergedInto: null,
        deletionDueAt: null,
        deletedAt: null,
        absorbedIds: [],
        createdAt,
      }
      const facts = {
        method: 'email',
        issuer: 'email',
        subject: address,
        label: null,
        credential: null,
        createdAt,
      }
      await call.write(
        ...accounts.rows(account),
        identities.row(newIdentity({ id: systemRandom.uuid(), account: id, ...facts })),
      )
    }
  })
}
