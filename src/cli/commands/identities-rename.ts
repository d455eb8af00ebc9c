// `idem identities rename`: changes the label of an identity.

import type { Command } from 'commander'
import { fetchWhoAmI, renameIdentity } from '../../client/account.js'
import { defineCommand } from '../define-command.js'
import { findIdentity } from '../identity-list.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { requireAccount } from '../require-account.js'

/** `idem identities rename` */
export const identitiesRenameCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'rename',
    summary: 'Change what an identity is called in lists',
    details: 'An empty label takes the old one away.',
    examples: ['idem identities rename laptop "old laptop"', 'idem identities rename "$(cat old.pub)" ""'],
  })
    .argument('<identity>', 'its id, its subject (a key, an address) or its label')
    .argument('<label>', 'at most 100 characters')
    .action(async function (this: Command, word: string, label: string) {
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const { me } = await fetchWhoAmI(session)
      const { id } = findIdentity(requireAccount(me).identities, word)
      const identity = await renameIdentity(session, { id, label: label === '' ? null : label })
      const name = identity.label === null ? 'It has no label any more' : `It is called ${identity.label} now`
      connection.output.result({ identity }, `${name}: ${identity.methodName} (id ${id}).`)
    })
