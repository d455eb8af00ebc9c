// `idem delete-account`: begins the deletion of the account, or cancels it.

import type { Command } from 'commander'
import { fetchWhoAmI } from '../../client/account.js'
import { cancelAccountDeletion, deleteAccount } from '../../client/account-data.js'
import type { Session } from '../../client/session.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { describeMoment } from '../describe-moment.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { requireAccount } from '../require-account.js'
import { withStepUp } from '../with-step-up.js'

interface DeleteAccountOptions {
  readonly yes?: boolean
  readonly cancel?: boolean
  readonly signWith?: string
}

/** `idem delete-account` */
export const deleteAccountCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'delete-account',
    summary: 'Delete your account in 14 days, or cancel that',
    details:
      'Until it is due everything works as before, and every session of the account can cancel. Afterwards nothing ' +
      'can be restored. `idem export` shows what is held. Without a terminal, or with --json, --yes says that this is meant.',
    examples: ['idem delete-account --yes', 'idem delete-account --cancel'],
  })
    .option('--yes', 'begin without asking')
    .option('--cancel', 'keep the account, whose deletion has begun')
    .option('--sign-with <file>', 'a key of this account, for when the server asks for a recent proof')
    .action(async function (this: Command) {
      const { yes = false, cancel = false, signWith } = this.opts<DeleteAccountOptions>()
      if (yes && cancel) throw new CliError('USAGE', 'Say either --yes or --cancel.')
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      if (cancel) return await keep(connection, session)
      await begin(connection, { session, signWith: signWith ?? null, yes })
    })

const keep = async ({ output }: Connection, session: Session): Promise<void> => {
  const { id, handle } = await cancelAccountDeletion(session)
  output.result({ cancelled: id }, `The account ${handle ?? id} stays.`)
}

const begin = async (
  connection: Connection,
  {
    session,
    signWith,
    yes,
  }: { readonly session: Session; readonly signWith: string | null; readonly yes: boolean },
): Promise<void> => {
  const account = requireAccount((await fetchWhoAmI(session)).me)
  const name = account.handle ?? account.id
  if (!yes && !(await isMeant(connection, name)))
    throw new CliError('USAGE', `The account ${name} stays: nothing was done.`)
  const dueAt = await withStepUp(connection, { session, signWith }, () => deleteAccount(session))
  connection.output.result(
    { accountId: account.id, dueAt },
    `The account ${name} will be deleted ${describeMoment(dueAt, connection.machine.now())}.\n` +
      'To keep it until then: idem delete-account --cancel',
  )
}

const isMeant = async ({ prompter, url }: Connection, name: string): Promise<boolean> => {
  if (prompter.isInteractive) return prompter.confirm(`Delete the account ${name} at ${url} in 14 days?`)
  throw new CliError('USAGE', 'This deletes your account.', 'Say that this is meant: --yes')
}
