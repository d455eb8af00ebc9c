// The whole command line: commands, global options and help.

import { Command } from 'commander'
import { authenticateCommand } from './commands/authenticate.js'
import { clientCommand } from './commands/client.js'
import { deleteAccountCommand } from './commands/delete-account.js'
import { devicesCommand } from './commands/devices.js'
import { exportCommand } from './commands/export.js'
import { identitiesCommand } from './commands/identities.js'
import { jobsCommand } from './commands/jobs.js'
import { keygenCommand } from './commands/keygen.js'
import { keysCommand } from './commands/keys.js'
import { loginCommand } from './commands/login.js'
import { logoutCommand } from './commands/logout.js'
import { mergeCommand } from './commands/merge.js'
import { mergesCommand } from './commands/merges.js'
import { passwordsCommand } from './commands/passwords.js'
import { recoveryCodesCommand } from './commands/recovery-codes.js'
import { statusCommand } from './commands/status.js'
import { tokenCommand } from './commands/token.js'
import { totpCommand } from './commands/totp.js'
import { undoMergeCommand } from './commands/undo-merge.js'
import { webhooksCommand } from './commands/webhooks.js'
import { whoamiCommand } from './commands/whoami.js'
import { exitCodes } from './exit-code.js'
import { layOutColumns } from './lay-out-columns.js'
import { type Machine, wantsJson } from './machine.js'
import { defaultServerUrl } from './server-url.js'

/** The whole command line, ready to parse. */
export const createProgram = (machine: Machine): Command => {
  const program = new Command('idem')
    .description('Prove who you are to an Idem, and keep the session fresh.')
    .option(
      '--url <address>',
      `the server (or IDEM_URL; else that of the last login, else ${defaultServerUrl})`,
    )
    .option(
      '--config <file>',
      "the config file (or IDEM_CONFIG; else config.json in the platform's config folder)",
    )
    .option(
      '--json',
      'one JSON document on standard output; events and errors as JSON lines on standard error',
    )
    .version(machine.version, '--version', 'print the version')
    .addHelpText('after', programHelp)
  const commands = [
    loginCommand(machine),
    clientCommand(machine),
    whoamiCommand(machine),
    tokenCommand(machine),
    statusCommand(machine),
    identitiesCommand(machine),
    keysCommand(machine),
    passwordsCommand(machine),
    devicesCommand(machine),
    totpCommand(machine),
    recoveryCodesCommand(machine),
    mergeCommand(machine),
    mergesCommand(machine),
    undoMergeCommand(machine),
    keygenCommand(machine),
    exportCommand(machine),
    deleteAccountCommand(machine),
    logoutCommand(machine),
    jobsCommand(machine),
    webhooksCommand(machine),
    authenticateCommand(machine),
  ]
  for (const command of commands) program.addCommand(command)
  prepare(program, machine)
  return program
}

/**
 * Lets commander write to the machine's streams, and throw instead of ending the process, for this command and its
 * children.
 */
const prepare = (command: Command, machine: Machine): void => {
  command.exitOverride().configureOutput({
    writeOut: (text) => machine.stdout.write(text),
    writeErr: (text) => (wantsJson(machine) ? undefined : machine.stderr.write(text)), // unrequested help
    outputError: () => undefined, // `describeFailure` reports the error once, in the requested form
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  })
  for (const below of command.commands) prepare(below, machine)
}

const programHelp = `
Examples:
  idem login --email ada@example.org
  idem keygen --out ada.pem
  idem login --handle ada --private-key ada.pem
  curl ${defaultServerUrl}/graphql -H "Authorization: Bearer $(idem token)" -H 'content-type: application/json' -d '{"query":"{ me { handle } }"}'

Exit codes:
${layOutColumns(Object.values(exitCodes).map(({ status, meaning }) => [`  ${status}`, meaning]))}`
