// Asks for a new password: twice at a terminal, as one line of the input otherwise.

import { CliError } from './cli-error.js'
import type { Invocation } from './invocation.js'

/** How often a person may try to type the same twice. */
const mostTries = 3

/** The new password. `USAGE` if it was not typed twice alike. Only the server knows which passwords are good enough. */
export const askNewPassword = async ({ prompter, output }: Invocation): Promise<string> => {
  for (let tries = 1; ; tries += 1) {
    const password = await prompter.askHidden('New password (8 to 256 characters):', 'The new password')
    if (!prompter.isInteractive) return password
    if ((await prompter.askHidden('The same again:', 'The new password')) === password) return password
    if (tries === mostTries) throw new CliError('USAGE', 'The password was not typed twice alike.')
    output.progress('These were not the same.')
  }
}
