// `idem identities`: everything that opens the account.

import type { Command } from 'commander'
import { fetchWhoAmI, type Identity } from '../../client/account.js'
import { defineCommand } from '../define-command.js'
import { isOfLogin } from '../identity-list.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { layOutColumns } from '../lay-out-columns.js'
import type { Machine } from '../machine.js'
import { requireAccount } from '../require-account.js'
import { identitiesRemoveCommand } from './identities-remove.js'
import { identitiesRenameCommand } from './identities-rename.js'

/** `idem identities`, with `rename` and `remove`. */
export const identitiesCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'identities',
    summary: 'Show everything that opens your account: keys, addresses, wallets, passkeys, the password',
    details: 'What this machine signs in with is marked by *. A last use is recorded once a minute.',
    examples: [
      'idem identities',
      'idem identities --json',
      'idem identities rename laptop "old laptop"',
      'idem identities remove laptop',
    ],
  })
    .action(async function (this: Command) {
      const connection = await connect(openInvocation(machine, this))
      const { me } = await fetchWhoAmI(openSession(connection))
      const { login } = connection.kept
      const identities = requireAccount(me).identities.map((identity) => ({
        ...identity,
        isOwn: isOfLogin(identity, login),
      }))
      const heads = [' ', 'WHAT', 'LABEL', 'SUBJECT', 'ADDED', 'LAST USED', 'ID']
      connection.output.result({ identities }, layOutColumns([heads, ...identities.map(rowOf)]))
    })
    .addCommand(identitiesRenameCommand(machine))
    .addCommand(identitiesRemoveCommand(machine))

/** The longest subject in the table, in characters: a CAIP-10 account and a public key fit. */
const longestSubject = 56

/** Subjects that say nothing to their owner: the hash of a guest's secret, and the account's own id. */
const mute: ReadonlySet<string> = new Set(['anonymous', 'password'])

const rowOf = (identity: Identity & { readonly isOwn: boolean }): string[] => {
  const { id, method, methodName, label, subject, createdAt, lastUsedAt, isOwn } = identity
  return [
    isOwn ? '*' : ' ',
    methodName,
    label ?? '-',
    mute.has(method) ? '-' : shortened(subject),
    createdAt.slice(0, 10),
    lastUsedAt?.slice(0, 16).replace('T', ' ') ?? '-',
    id,
  ]
}

const shortened = (subject: string): string =>
  subject.length <= longestSubject ? subject : `${subject.slice(0, longestSubject - 1)}…`
