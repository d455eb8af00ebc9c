// `idem merges`: what was merged into the account.

import type { Command } from 'commander'
import { fetchMerges } from '../../client/merges.js'
import { defineCommand } from '../define-command.js'
import { describeMerges } from '../describe-merge.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'

/** `idem merges` */
export const mergesCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'merges',
    summary:
      'List the merges of your account, by which proofs they were made, and until when they can be undone',
    details: 'SERVICES is how many of the services that are told of it have acknowledged that.',
    examples: ['idem merges', 'idem merges --json'],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const merges = await fetchMerges(openSession(connection))
    connection.output.result({ merges }, describeMerges(merges, machine.now()))
  })
