// `idem merge`: makes another account of the same person part of this one, or this one part of the other.

import type { Command } from 'commander'
import { fetchWhoAmI } from '../../client/account.js'
import { type Merge, type MergeField, type MergePlan, mergeAccounts } from '../../client/merges.js'
import { keepTokens } from '../../client/tokens.js'
import { assertNever, CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { describePlan, nameOfSide } from '../describe-merge.js'
import { describeMoment } from '../describe-moment.js'
import { followFormerGuest } from '../follow-former-guest.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { keepMergedLogin } from '../keep-merged-login.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { chooseSurvivor, type Keeping, parseKeep, resolveConflicts } from '../merge-choices.js'
import { type OtherProofOptions, refuseMixedProofs } from '../other-proof-options.js'
import { type ProvenOther, proveOther } from '../prove-other.js'
import { requireAccount } from '../require-account.js'
import { type StepUpMeans, withStepUp } from '../with-step-up.js'

interface MergeOptions extends OtherProofOptions {
  readonly survivor?: string
  readonly keep?: ReadonlyMap<MergeField, Keeping>
  readonly yes?: boolean
  readonly signWith?: string
}

const details =
  'You are signed in to one account; a key, a wallet or an address proves the other one, with its second factor if it ' +
  'has one. Then the plan is shown: which account stays and why, what moves, and what both have. For each of the ' +
  'latter you are asked whose stays. Nothing has changed until you say yes, and for 30 days `idem undo-merge` undoes ' +
  'it. A guest becomes part of the other account at once. A proof that led to no account is added to yours.'

/** `idem merge` */
export const mergeCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'merge',
    summary: 'Merge another account of yours with this one',
    details,
    examples: [
      'idem merge --private-key other.pem --yes',
      'idem merge --email other@example.org --yes',
      'idem merge --wallet-key other.hex --survivor mine --yes',
      'idem merge --private-key other.pem --keep HANDLE=absorbed --yes --json',
    ],
  })
    .option('--private-key <file>', 'a key of the other account, - for standard input (or IDEM_PRIVATE_KEY)')
    .option('--wallet-key <file>', 'the private key of an Ethereum account of it, - for standard input')
    .option('--chain <id>', 'with --wallet-key: the EIP-155 number of the chain (default: 1)')
    .option('--email <address>', 'an address of it: a mail brings a code to paste and a link')
    .option('--survivor <account>', 'the account that stays: mine, other, its id or its handle')
    .option(
      '--keep <field=side>',
      'whose value stays: FIELD=survivor or FIELD=absorbed; repeatable',
      parseKeep,
    )
    .option('--yes', 'merge without asking; what --keep does not name stays as the survivor has it')
    .option('--sign-with <file>', 'a key of this account, for when the server asks for a recent proof')
    .action(async function (this: Command) {
      const options = this.opts<MergeOptions>()
      refuseMixedProofs(options)
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const own = requireAccount((await fetchWhoAmI(session)).me)
      const means = { session, signWith: options.signWith ?? null }
      const proven = await proveOther(connection, means, options)
      await finish(connection, proven, { means, options, ownId: own.id })
    })

interface Finishing {
  readonly means: StepUpMeans
  readonly options: MergeOptions
  readonly ownId: string
}

const finish = async (
  connection: Connection,
  { outcome, loginOf }: ProvenOther,
  finishing: Finishing,
): Promise<void> => {
  const { output, machine } = connection
  switch (outcome.outcome) {
    case 'linked': {
      const { account, identity } = outcome
      await followFormerGuest(connection, { login: loginOf(account), tokens: null })
      return output.result(
        { linked: identity, account, merge: null },
        'That proof led to no account, so nothing was merged: it is one more way into yours now.',
      )
    }
    case 'merged': {
      const tokens = keepTokens(outcome.tokens, machine.now())
      await followFormerGuest(connection, { login: loginOf(outcome.account), tokens })
      return tell(connection, outcome.merge)
    }
    case 'plan':
      return decide(connection, outcome.plan, finishing)
    case 'second_factor':
      throw new CliError('STEP_UP_REQUIRED', 'The other account asks for more than two proofs.')
    default:
      return assertNever(outcome)
  }
}

const decide = async (
  connection: Connection,
  asked: MergePlan,
  { means, options, ownId }: Finishing,
): Promise<void> => {
  const { output, prompter } = connection
  const plan = chooseSurvivor(asked, options.survivor ?? null, ownId)
  output.event({ plan }, describePlan(plan))
  const isMeant = options.yes === true
  if (!isMeant && !prompter.isInteractive)
    throw new CliError('USAGE', 'Nothing was merged.', 'Say that this is meant: --yes')
  const keep = options.keep ?? new Map<MergeField, Keeping>()
  const resolutions = await resolveConflicts(plan, { prompter, keep, asks: !isMeant })
  const question = `Merge ${nameOfSide(plan.absorbed)} into ${nameOfSide(plan.survivor)}?`
  if (!isMeant && !(await prompter.confirm(question))) throw new CliError('USAGE', 'Nothing was merged.')
  const survivor = plan === asked ? null : plan.survivor.id
  const merge = await withStepUp(connection, means, () =>
    mergeAccounts(means.session, { ticket: plan.ticket, survivor, resolutions }),
  )
  return tell(connection, merge)
}

const tell = async (connection: Connection, merge: Merge): Promise<void> => {
  const { absorbedId: from, survivorId: to, undoableUntil } = merge
  await keepMergedLogin(connection, { from, to })
  connection.output.result(
    { merge },
    `Merged account ${from} into ${to}.\n` +
      `Until ${describeMoment(undoableUntil, connection.machine.now())}: idem undo-merge ${merge.id}`,
  )
}
