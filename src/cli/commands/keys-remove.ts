// `idem keys remove`: unlinks a key from the account.

import type { Command } from 'commander'
import { fetchWhoAmI, unlinkIdentity } from '../../client/account.js'
import { publicKeyOf, serverEntry, withServerEntry } from '../config.js'
import { defineCommand } from '../define-command.js'
import { withoutEmailKey } from '../email-keys.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { findKey, keysOf } from '../keychain.js'
import type { Machine } from '../machine.js'
import { requireAccount } from '../require-account.js'
import { signOut } from '../sign-out.js'
import { withStepUp } from '../with-step-up.js'

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
      const { config, url, output } = connection
      const session = openSession(connection)
      const { me } = await fetchWhoAmI(session)
      const key = findKey(keysOf(requireAccount(me), connection.kept.login), word)
      await withStepUp(connection, { session, signWith: signWith ?? null }, () =>
        unlinkIdentity(session, key.id),
      )
      await config.update(async (before) => {
        const emailKeys = withoutEmailKey(serverEntry(before, url), key.publicKey)
        return withServerEntry(before, url, { emailKeys })
      })
      // A session that a mail has opened goes on without the key, so it is ended here.
      if (key.isOwn) await signOut(connection, ({ login }) => publicKeyOf(login) === key.publicKey)
      const goodbye = key.isOwn ? '\nIt was the key of this login: you are signed out.' : ''
      output.result({ removed: key, signedOut: key.isOwn }, `Removed the key ${key.publicKey}.${goodbye}`)
    })
