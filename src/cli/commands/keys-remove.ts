// `idem keys remove`: unlinks a key from the account.

import type { Command } from 'commander'
import { fetchWhoAmI } from '../../client/account.js'
import { methodNames } from '../../client/method-names.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { findKey, keysOf } from '../keychain.js'
import type { Machine } from '../machine.js'
import { removeIdentity } from '../remove-identity.js'
import { requireAccount } from '../require-account.js'

/** `idem keys remove` */
export const keysRemoveCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'remove',
    summary: 'Remove a key from your account',
    details:
      'Every session that the key has opened ends at once; removing the key of this login signs you out. The ' +
      'last identity of an account cannot be removed.',
    examples: [
      'idem keys remove laptop',
      'idem keys remove "$(cat old.pub)"',
      'idem keys remove laptop --sign-with ada.pem',
    ],
  })
    .argument('<key>', 'its id, its public key or its label')
    .option('--sign-with <file>', 'a key of this account, for when the server asks for a recent proof')
    .action(async function (this: Command, word: string) {
      const { signWith } = this.opts<{ signWith?: string }>()
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const { me } = await fetchWhoAmI(session)
      const key = findKey(keysOf(requireAccount(me), connection.kept.login), word)
      const identity = { ...key, method: methodNames.key, subject: key.publicKey }
      const signedOut = await removeIdentity(connection, { session, identity, signWith: signWith ?? null })
      const goodbye = signedOut ? '\nIt was the key of this login: you are signed out.' : ''
      connection.output.result({ removed: key, signedOut }, `Removed the key ${key.publicKey}.${goodbye}`)
    })
