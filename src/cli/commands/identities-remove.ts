// `idem identities remove`: unlinks an identity from the account.

import type { Command } from 'commander'
import { fetchWhoAmI } from '../../client/account.js'
import { defineCommand } from '../define-command.js'
import { findIdentity } from '../identity-list.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { removeIdentity } from '../remove-identity.js'
import { requireAccount } from '../require-account.js'

/** `idem identities remove` */
export const identitiesRemoveCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'remove',
    summary: 'Remove an identity from your account',
    details:
      'Every session that it has opened ends at once; removing that of this login signs you out. What would leave ' +
      'nothing to sign in with cannot be removed.',
    examples: [
      'idem identities remove laptop',
      'idem identities remove "$(cat old.pub)"',
      'idem identities remove laptop --sign-with ada.pem',
    ],
  })
    .argument('<identity>', 'its id, its subject (a key, an address) or its label')
    .option('--sign-with <file>', 'a key of this account, for when the server asks for a recent proof')
    .action(async function (this: Command, word: string) {
      const { signWith } = this.opts<{ signWith?: string }>()
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const { me } = await fetchWhoAmI(session)
      const identity = findIdentity(requireAccount(me).identities, word)
      const signedOut = await removeIdentity(connection, { session, identity, signWith: signWith ?? null })
      const goodbye = signedOut ? '\nIt was that of this login: you are signed out.' : ''
      connection.output.result(
        { removed: identity, signedOut },
        `Removed ${identity.label ?? identity.methodName} (id ${identity.id}).${goodbye}`,
      )
    })
