// `idem login`: signs in with a key or as a guest.

import type { Command } from 'commander'
import { answerAsGuest } from '../../client/proof.js'
import { signIn } from '../../client/sign-in.js'
import { CliError } from '../cli-error.js'
import { serverEntry, withServerEntry } from '../config.js'
import { defineCommand } from '../define-command.js'
import { finishLogin } from '../finish-login.js'
import { type GivenKey, readEnvironmentKey, readPrivateKey, readPrivateKeyFile } from '../given-key.js'
import { type Connection, connect, deviceName, openInvocation } from '../invocation.js'
import { logInWithKey } from '../log-in-with-key.js'
import type { Machine } from '../machine.js'

interface LoginOptions {
  readonly handle?: string
  readonly privateKey?: string
  readonly guest?: boolean
}

/** `idem login` */
export const loginCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'login',
    summary: 'Sign in with an Ed25519 key or as a guest; the first time this registers',
    details:
      'The private key signs a challenge here and never leaves this machine. Formats: PKCS#8 PEM, OpenSSH, or ' +
      'the 32-byte seed as base64 or hex. Without --private-key: IDEM_PRIVATE_KEY, else the key file of the ' +
      'last login.',
    examples: [
      'idem login --handle ada --private-key ada.pem',
      'idem login --private-key ~/.ssh/id_ed25519',
      'idem login --private-key - < ada.pem',
      'IDEM_PRIVATE_KEY="$(cat ada.pem)" idem login --json',
      'idem login --guest',
    ],
  })
    .option(
      '--handle <name>',
      'the name of the account, unique at this server; to be picked at the first login',
    )
    .option('--private-key <file>', 'file with the private key, - for standard input')
    .option('--guest', 'sign in without any key; the same guest comes back next time')
    .action(async function (this: Command) {
      const options = this.opts<LoginOptions>()
      if (options.guest === true && (options.privateKey ?? options.handle) !== undefined) {
        throw new CliError('USAGE', 'A guest has neither key nor handle.', 'Give --guest alone.')
      }
      const connection = await connect(openInvocation(machine, this))
      if (options.guest === true) return logInAsGuest(connection)
      return logInWithKey(connection, await findKey(connection, options), handleOf(connection, options))
    })

const findKey = async (connection: Connection, { privateKey }: LoginOptions): Promise<GivenKey> => {
  if (privateKey !== undefined) return readPrivateKey(connection, privateKey)
  const fromEnvironment = readEnvironmentKey(connection)
  if (fromEnvironment !== null) return fromEnvironment
  const { login } = connection.kept
  if (login?.method === 'key' && login.privateKeyFile !== null) {
    return readPrivateKeyFile(connection, login.privateKeyFile)
  }
  throw new CliError(
    'KEY_MISSING',
    'No private key is given, and none is remembered for this server.',
    'Give --private-key FILE, pipe one in with --private-key -, or set IDEM_PRIVATE_KEY. ' +
      'Make one with: idem keygen --out FILE. Without a key: idem login --guest',
  )
}

/** A login that names nothing repeats the last one, handle included, so that it opens the same account. */
const handleOf = ({ kept, machine }: Connection, { handle, privateKey }: LoginOptions): string | null => {
  if (handle !== undefined) return handle
  const repeats = privateKey === undefined && !machine.environment['IDEM_PRIVATE_KEY']
  return repeats && kept.login?.method === 'key' ? kept.login.handle : null
}

/** 256 bits: nobody guesses another guest's secret. */
const deviceSecretBytes = 32

const logInAsGuest = async (connection: Connection): Promise<void> => {
  const { machine, config, url, transport, output } = connection
  output.progress(`Signing in at ${url} as a guest`)
  const deviceSecret = await keptDeviceSecret(connection)
  const signedIn = await signIn(transport, answerAsGuest({ deviceSecret, deviceName: deviceName(machine) }))
  const login = { method: 'guest', accountId: signedIn.account.id } as const
  await finishLogin(connection, signedIn, { login })
  output.progress(`This guest is known by a secret in ${config.path}: whoever loses it loses the account.`)
}

/** Kept before its first use, so that no guest account is ever out of reach. */
const keptDeviceSecret = async ({ machine, config, url }: Connection): Promise<string> => {
  const fresh = Buffer.from(machine.randomBytes(deviceSecretBytes)).toString('base64')
  const after = await config.update(async (before) =>
    serverEntry(before, url).deviceSecret === null
      ? withServerEntry(before, url, { deviceSecret: fresh })
      : before,
  )
  return serverEntry(after, url).deviceSecret ?? fresh
}
