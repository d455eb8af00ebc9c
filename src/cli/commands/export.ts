// `idem export`: everything that the server holds about the account, as JSON.

import type { Command } from 'commander'
import { exportAccount } from '../../client/account-data.js'
import { absolutePath } from '../absolute-path.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { withStepUp } from '../with-step-up.js'
import { writeNewFile } from '../write-new-file.js'

/** `idem export` */
export const exportCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'export',
    summary: 'Export everything that the server holds about your account, as JSON',
    details:
      'Without secrets and their hashes. A file can be read by you alone, and one that exists is never overwritten.',
    examples: ['idem export > account.json', 'idem export --out account.json'],
  })
    .option('--out <file>', 'where to put it (default: standard output)')
    .option('--sign-with <file>', 'a key of this account, for when the server asks for a recent proof')
    .action(async function (this: Command) {
      const { out, signWith } = this.opts<{ out?: string; signWith?: string }>()
      const file = out === undefined ? null : absolutePath(out)
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const means = { session, signWith: signWith ?? null }
      const document = await withStepUp(connection, means, () => exportAccount(session))
      const text = readableJson(document)
      if (file === null) {
        connection.output.result(document, text)
        return
      }
      await writeNewFile({ file, text: `${text}\n`, whyKept: 'may hold another export' })
      const { accountId } = document
      connection.output.result({ accountId, file }, `What is held about account ${accountId} is in ${file}.`)
    })

/** Indented, with escapes for what a terminal would obey: the output would replace it, and so change the document. */
const readableJson = (document: object): string =>
  JSON.stringify(document, null, 2).replace(
    /(?!\n)[\p{Cc}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
