// One's data: its export, and the deletion of the account.

import { type Account, accountFields } from './account.js'
import type { Transport } from './transport.js'

/** Everything that is held about an account: each kind of data as a list of entries. */
export interface AccountExport {
  readonly accountId: string
  /** When the first page was read. */
  readonly exportedAt: string
  readonly [kind: string]: string | readonly unknown[]
}

/** A page as the server sends it. */
interface ExportPage {
  readonly accountId: string
  readonly exportedAt: string
  /** Where the next page begins; null after the last one. */
  readonly next: string | null
  readonly [kind: string]: unknown
}

const exportPage = 'mutation ExportAccount($after: String) { exportAccount(after: $after) }'

/** Everything that is held about the bearer's account, from as many pages as there are. */
export const exportAccount = async (transport: Transport): Promise<AccountExport> => {
  const kinds = new Map<string, unknown[]>()
  let first: ExportPage | null = null
  for (let after: string | null = null; first === null || after !== null; ) {
    const data: { exportAccount: ExportPage } = await transport.send({
      document: exportPage,
      variables: { after },
    })
    const page = data.exportAccount
    first ??= page
    for (const [kind, entries] of Object.entries(page))
      if (Array.isArray(entries)) {
        const before = kinds.get(kind)
        if (before === undefined) kinds.set(kind, entries)
        else before.push(...entries)
      }
    after = page.next
  }
  return { accountId: first.accountId, exportedAt: first.exportedAt, ...Object.fromEntries(kinds) }
}

/** Begins the deletion of the bearer's account; returns when it is due. `CONFLICT` if that has begun already. */
export const deleteAccount = async (transport: Transport): Promise<string> => {
  const data = await transport.send<{ deleteAccount: { dueAt: string } }>({
    document: 'mutation DeleteAccount { deleteAccount { dueAt } }',
  })
  return data.deleteAccount.dueAt
}

/** Keeps the bearer's account. `CONFLICT` if no deletion has begun. */
export const cancelAccountDeletion = async (transport: Transport): Promise<Account> => {
  const data = await transport.send<{ cancelAccountDeletion: Account }>({
    document: `mutation CancelAccountDeletion { cancelAccountDeletion { ${accountFields} } }`,
  })
  return data.cancelAccountDeletion
}
