// `idem client`: a login by mail the first time, without a question later.

import type { Command } from 'commander'
import { fetchWhoAmI } from '../../client/account.js'
import { CliError } from '../cli-error.js'
import type { Login, ServerEntry } from '../config.js'
import { defineCommand } from '../define-command.js'
import { foldAddress } from '../email-keys.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { logInByEmail } from '../log-in-by-email.js'
import type { Machine } from '../machine.js'
import { requireAccount } from '../require-account.js'
import { defaultServerUrl } from '../server-url.js'

interface ClientOptions {
  readonly email?: string
  readonly server?: string
}

/** `idem client` */
export const clientCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'client',
    summary: 'Sign in by email the first time, by itself ever after, and say who you are',
    details:
      'Asks for your address when the config has none. A mail brings a code to paste, or a link to confirm; the ' +
      'key made then is in the config and signs in silently at every later run. Who loses the config does it again.',
    examples: [
      'idem client --email ada@example.org',
      `idem client --email ada@example.org --server ${defaultServerUrl} --json`,
    ],
  })
    .option('--email <address>', 'your address (default: that of the last login)')
    .option('--server <address>', 'the server, as --url')
    .action(async function (this: Command) {
      const { email, server } = this.opts<ClientOptions>()
      const invocation = openInvocation(machine, this)
      const connection = await connect({ ...invocation, urlOption: server ?? invocation.urlOption })
      const known = knownLogin(connection.kept, email)
      if (known !== null && (await greet(connection, known))) return
      const address = email ?? known?.address ?? (await askForAddress(connection))
      await logInByEmail(connection, { address, waits: true })
      connection.output.progress('Later runs of `idem client` need nothing from you.')
    })

type KnownLogin = Extract<Login, { method: 'email' | 'development' }>

/** The login for the address in the config; without an address, any login. */
const knownLogin = ({ login }: ServerEntry, email: string | undefined): KnownLogin | null => {
  if (login?.method !== 'email' && login?.method !== 'development') return null
  const isMeant = email === undefined || foldAddress(email) === foldAddress(login.address)
  return isMeant ? login : null
}

/** Prints who is signed in, and signs in again if necessary; false if that needs a mail. */
const greet = async (connection: Connection, { address }: KnownLogin): Promise<boolean> => {
  const { output, url } = connection
  try {
    const { me } = await fetchWhoAmI(openSession(connection))
    const account = requireAccount(me)
    output.result(
      { account, url },
      `Signed in as ${account.handle ?? address} (account ${account.id}) at ${url}.`,
    )
    return true
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'SIGNED_OUT') throw error
    output.progress(error.message)
    return false
  }
}

const askForAddress = async ({ output, prompter: { lines } }: Connection): Promise<string> => {
  output.ask('Your email address:')
  const address = (await lines.next())?.trim() ?? ''
  if (address !== '') return address
  throw new CliError('USAGE', 'No email address is given.', 'Give one: idem client --email ADDRESS')
}
