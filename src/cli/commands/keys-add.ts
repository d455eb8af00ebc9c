// `idem keys add`: links another key to the account.

import type { Command } from 'commander'
import { type LinkOutcome, linkIdentity } from '../../client/link-identity.js'
import { answerWithKey } from '../../client/proof.js'
import { keepTokens } from '../../client/tokens.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { followFormerGuest } from '../follow-former-guest.js'
import { type GivenKey, readPrivateKey } from '../given-key.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { shellWord } from '../shell-word.js'
import { withStepUp } from '../with-step-up.js'

interface AddOptions {
  readonly privateKey: string
  readonly label?: string
  readonly signWith?: string
}

/** `idem keys add` */
export const keysAddCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'add',
    summary: 'Add a key to your account',
    details:
      'The new key signs a challenge to prove that it is yours. The server may ask for a recent proof of the ' +
      'account too: it is given with the key of the login, or with --sign-with. A guest becomes a person.',
    examples: [
      'idem keys add --private-key new.pem --label laptop',
      'idem keys add --private-key new.pem --sign-with old.pem',
      'ssh-keygen -q -t ed25519 -N "" -f deploy && idem keys add --private-key - --label ci < deploy',
    ],
  })
    .requiredOption('--private-key <file>', 'file with the new private key, - for standard input')
    .option('--label <text>', 'a name for the key in lists')
    .option('--sign-with <file>', 'a key of this account, for when the server asks for a recent proof')
    .action(async function (this: Command) {
      const { privateKey, label, signWith } = this.opts<AddOptions>()
      const connection = await connect(openInvocation(machine, this))
      const key = await readPrivateKey(connection, privateKey)
      const session = openSession(connection)
      const means = { session, signWith: signWith ?? null }
      const outcome = await withStepUp(connection, means, async () => {
        const answer = await answerWithKey(session, key.signer, { purpose: 'LINK_IDENTITY' })
        return linkIdentity(session, { ...answer, ...(label === undefined ? {} : { label }) })
      })
      await finish(connection, outcome, key)
    })

const finish = async (connection: Connection, outcome: LinkOutcome, key: GivenKey): Promise<void> => {
  const { output, machine } = connection
  if (outcome.outcome === 'plan' || outcome.outcome === 'second_factor')
    throw new CliError(
      'CONFLICT',
      'This key opens another account.',
      `Is it yours too? Merge the two: idem merge --private-key ${key.file === null ? 'FILE' : shellWord(key.file)}`,
    )
  const { account } = outcome
  const { publicKey } = key.signer
  const { id: accountId, handle } = account
  const login = { method: 'key', accountId, publicKey, privateKeyFile: key.file, handle } as const
  if (outcome.outcome === 'merged') {
    await followFormerGuest(connection, { login, tokens: keepTokens(outcome.tokens, machine.now()) })
    const { merge } = outcome
    return output.result(
      { merge, account },
      `This key opens account ${account.id}: the guest is part of it now.`,
    )
  }
  const { identity } = outcome
  await followFormerGuest(connection, { login, tokens: null })
  output.result({ identity, account }, `Added the key ${identity.subject} (id ${identity.id}).`)
}
