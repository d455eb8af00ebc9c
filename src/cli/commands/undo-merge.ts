// `idem undo-merge`: takes two accounts apart again.

import type { Command } from 'commander'
import { fetchWhoAmI, type Identity } from '../../client/account.js'
import { fetchUndoPlan, type MergeUndoPlan, undoMerge } from '../../client/merges.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { describeUndoPlan } from '../describe-merge.js'
import { isOfLogin } from '../identity-list.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { keepMergedLogin } from '../keep-merged-login.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { requireAccount } from '../require-account.js'
import { withStepUp } from '../with-step-up.js'

interface UndoOptions {
  readonly yes?: boolean
  readonly signWith?: string
}

/** `idem undo-merge` */
export const undoMergeCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'undo-merge',
    summary: 'Undo a merge: give the absorbed account back what it had',
    details:
      'First shows what comes back and what stays with the survivor because it came since. For 30 days, for whoever ' +
      'is signed in by something that one of the two accounts had then. Sessions that were opened by what goes back ' +
      'end.',
    examples: [
      'idem undo-merge "$(idem merges | awk \'NR == 2 { print $NF }\')" --yes',
      'idem undo-merge "$MERGE" --yes --json',
    ],
  })
    .argument('<id>', 'the id of the merge: idem merges')
    .option('--yes', 'undo without asking')
    .option('--sign-with <file>', 'a key of this account, for when the server asks for a recent proof')
    .action(async function (this: Command, id: string) {
      const { yes, signWith } = this.opts<UndoOptions>()
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const { me } = await fetchWhoAmI(session)
      const plan = await fetchUndoPlan(session, id)
      if (yes !== true) await askWhetherMeant(connection, plan)
      const means = { session, signWith: signWith ?? null }
      const merge = await withStepUp(connection, means, () => undoMerge(session, id))
      await followLogin(connection, plan, requireAccount(me).identities)
      connection.output.result(
        { merge, restored: plan.restores, stayed: plan.stays },
        `Undone. Account ${merge.absorbedId} has back what it had; ${plan.stays.length} of the survivor's things stay with it.`,
      )
    })

const askWhetherMeant = async (
  { output, prompter, machine }: Connection,
  plan: MergeUndoPlan,
): Promise<void> => {
  output.event({ plan }, describeUndoPlan(plan, machine.now()))
  if (!prompter.isInteractive)
    throw new CliError('USAGE', 'Nothing was undone.', 'Say that this is meant: --yes')
  if (!(await prompter.confirm('Undo it?'))) throw new CliError('USAGE', 'Nothing was undone.')
}

/** If what this machine signs in with goes back, the next session is one of the absorbed account. */
const followLogin = async (
  connection: Connection,
  { merge, restores }: MergeUndoPlan,
  identities: readonly Identity[],
): Promise<void> => {
  const own = identities.find((identity) => isOfLogin(identity, connection.kept.login))
  if (own === undefined || !restores.some(({ id }) => id === own.id)) return
  await keepMergedLogin(connection, { from: merge.survivorId, to: merge.absorbedId })
}
