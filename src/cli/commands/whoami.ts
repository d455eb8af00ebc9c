// `idem whoami`: the account that is signed in.

import type { Command } from 'commander'
import { type Account, fetchWhoAmI } from '../../client/account.js'
import { defineCommand } from '../define-command.js'
import { describeMoment } from '../describe-moment.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { layOutColumns } from '../lay-out-columns.js'
import type { Machine } from '../machine.js'
import { requireAccount } from '../require-account.js'

/** `idem whoami` */
export const whoamiCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'whoami',
    summary: 'Show the account that is signed in',
    examples: ['idem whoami', 'idem whoami --json'],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const { me, session } = await fetchWhoAmI(openSession(connection))
    const account = requireAccount(me)
    connection.output.result({ account, session, url: connection.url }, describeAccount(account, connection))
  })

const describeAccount = (account: Account, { url, machine }: Connection): string =>
  layOutColumns([
    ['Account', account.id],
    ['Kind', account.kind],
    ['Handle', account.handle ?? '-'],
    ['Identities', account.identities.map(({ methodName, label }) => label ?? methodName).join(', ') || '-'],
    ...(account.deletionDueAt === null
      ? []
      : [['Will be deleted', describeMoment(account.deletionDueAt, machine.now())] as const]),
    ['Server', url],
  ])
