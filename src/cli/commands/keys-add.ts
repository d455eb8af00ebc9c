// `idem keys add`: links another key to the account.

import type { Command } from 'commander'
import type { Account } from '../../client/account.js'
import { linkIdentity } from '../../client/link-identity.js'
import { answerWithKey } from '../../client/proof.js'
import { serverEntry, withServerEntry } from '../config.js'
import { defineCommand } from '../define-command.js'
import { type GivenKey, readPrivateKey } from '../given-key.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
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
      const { account, identity } = await withStepUp(
        connection,
        { session, signWith: signWith ?? null },
        async () => {
          const answer = await answerWithKey(session, key.signer, { purpose: 'LINK_IDENTITY' })
          return linkIdentity(session, { ...answer, ...(label === undefined ? {} : { label }) })
        },
      )
      await useKeyOfFormerGuest(connection, key, account)
      connection.output.result(
        { identity, account },
        `Added the key ${identity.subject} (id ${identity.id}).`,
      )
    })

/** After a guest has linked a key, its secret no longer opens the account, so the config remembers the key instead. */
const useKeyOfFormerGuest = async (
  connection: Connection,
  key: GivenKey,
  account: Account,
): Promise<void> => {
  const { config, url, kept } = connection
  if (kept.login?.method !== 'guest') return
  const { publicKey } = key.signer
  const { id: accountId, handle } = account
  const login = { method: 'key', accountId, publicKey, privateKeyFile: key.file, handle } as const
  await config.update(async (before) => {
    const current = serverEntry(before, url).login
    const isStillSignedIn = current?.method === 'guest' && current.accountId === accountId
    return withServerEntry(before, url, { deviceSecret: null, ...(isStillSignedIn ? { login } : {}) })
  })
}
