// `idem login`: signs in by email, with a key, a wallet or a password, or as a guest.

import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import type { Login } from '../config.js'
import { defineCommand } from '../define-command.js'
import { type GivenKey, readEnvironmentKey, readPrivateKey, readPrivateKeyFile } from '../given-key.js'
import { readWallet } from '../given-wallet.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { logInAsGuest } from '../log-in-as-guest.js'
import { logInByEmail } from '../log-in-by-email.js'
import { logInWithKey } from '../log-in-with-key.js'
import { logInWithPassword } from '../log-in-with-password.js'
import { logInWithWallet } from '../log-in-with-wallet.js'
import { type LoginOptions, refuseMixedOptions } from '../login-options.js'
import type { Machine } from '../machine.js'
import { resumeEmailLogin } from '../resume-email-login.js'
import { firstKeyHint } from '../unusable-key.js'

const details =
  'By email: a mail brings a code to paste here (or to pipe in, one a line) and a link to confirm instead; what ' +
  'comes first counts. The first time this makes a key, which is kept in the config and signs in silently from ' +
  'then on. Who loses the config does it again: the new key joins the account, and the old one stays in ' +
  '`idem keys list` until it is removed. A server in development may ask for no mail at all.\n' +
  'With a key: the private key signs a challenge here and never leaves this machine. Formats: PKCS#8 PEM, OpenSSH, or ' +
  'the 32-byte seed as base64 or hex. Without --private-key: IDEM_PRIVATE_KEY, else the key file of the ' +
  'last login.\n' +
  'With a wallet: the private key of an Ethereum account signs a text (ERC-4361). Formats: 64 hex digits, or the PEM of ' +
  'an EC key on secp256k1.\n' +
  'With a password: asks for it without showing it; from a pipe, one answer a line: the password, then the second ' +
  'factor. Whatever the first proof, the account may ask for a second one.'

/** `idem login` */
export const loginCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'login',
    summary:
      'Sign in by email, with a key, a wallet or a password, or as a guest; the first time this registers',
    details,
    examples: [
      'idem login --email ada@example.org',
      'idem login --email ada@example.org --no-wait > mail.json',
      'idem login --challenge "$CHALLENGE" --code "$CODE"',
      'idem login --handle ada --private-key ada.pem',
      'idem login --private-key ~/.ssh/id_ed25519',
      'idem login --private-key - < ada.pem',
      'IDEM_PRIVATE_KEY="$(cat ada.pem)" idem login --json',
      'idem login --wallet-key wallet.hex',
      'idem login --wallet-key - --chain 10 < wallet.hex',
      'idem login --password --handle ada',
      'idem login --guest',
    ],
  })
    .option(
      '--handle <name>',
      'the name of the account, unique at this server; to be picked at the first login',
    )
    .option('--private-key <file>', 'file with the private key, - for standard input')
    .option('--wallet-key <file>', 'file with the private key of an Ethereum account, - for standard input')
    .option('--chain <id>', 'with --wallet-key: the EIP-155 number of the chain (default: 1)')
    .option('--password', 'sign in with a password, under --handle or --email, or asked for')
    .option('--email <address>', 'sign in by email; by a key that an earlier login made, if there is one')
    .option(
      '--no-wait',
      'with --email: print the challenge of the mail as JSON, and end; a key of an earlier login signs in instead',
    )
    .option('--challenge <id>', 'go on with a challenge that --no-wait printed')
    .option('--code <code>', 'with --challenge: the code of the mail; without: standard input or the link')
    .option('--guest', 'sign in without any key; the same guest comes back next time')
    .action(async function (this: Command) {
      const options = this.opts<LoginOptions>()
      refuseMixedOptions(options)
      const connection = await connect(openInvocation(machine, this))
      if (options.guest === true) return logInAsGuest(connection)
      const login = namesWay(connection, options) ? null : connection.kept.login
      const account = options.handle ?? options.email ?? (login?.method === 'password' ? login.login : null)
      if (options.password === true || login?.method === 'password')
        return logInWithPassword(connection, account)
      const wallet = options.walletKey ?? (login?.method === 'wallet' ? login.walletKeyFile : null)
      if (wallet !== null) return logInByWallet(connection, options, wallet)
      const address = options.email ?? rememberedAddress(connection, options)
      if (address !== null || options.challenge !== undefined) {
        return logInByMail(connection, options, address)
      }
      return logInWithKey(connection, await findKey(connection, options), handleOf(connection, options))
    })

/** Whether the options or the environment name a way to sign in; a login that names none repeats the last one. */
const namesWay = ({ machine }: Connection, options: LoginOptions): boolean => {
  const { handle, privateKey, walletKey, email, challenge, password } = options
  const isNamed = (handle ?? privateKey ?? walletKey ?? email ?? challenge ?? password) !== undefined
  return isNamed || Boolean(machine.environment['IDEM_PRIVATE_KEY'])
}

const rememberedAddress = (connection: Connection, options: LoginOptions): string | null => {
  const { login } = connection.kept
  if (namesWay(connection, options)) return null
  return login?.method === 'email' || login?.method === 'development' ? login.address : null
}

const logInByWallet = async (
  connection: Connection,
  { chain, handle, walletKey }: LoginOptions,
  word: string,
): Promise<void> => {
  const { login } = connection.kept
  const repeated = walletKey === undefined && login?.method === 'wallet' ? login : null
  const wallet = await readWallet(connection, { word, chain: repeated?.chainId ?? chain ?? '1' })
  return logInWithWallet(connection, wallet, handle ?? repeated?.handle ?? null)
}

const logInByMail = async (
  connection: Connection,
  { challenge, code, wait }: LoginOptions,
  address: string | null,
): Promise<void> => {
  if (challenge !== undefined)
    return resumeEmailLogin(connection, { challengeId: challenge, code: code ?? null, address })
  if (address !== null) await logInByEmail(connection, { address, waits: wait })
}

const findKey = async (connection: Connection, { privateKey }: LoginOptions): Promise<GivenKey> => {
  if (privateKey !== undefined) return readPrivateKey(connection, privateKey)
  const fromEnvironment = readEnvironmentKey(connection)
  if (fromEnvironment !== null) return fromEnvironment
  const { login } = connection.kept
  if (login?.method === 'key' && login.privateKeyFile !== null) {
    return readPrivateKeyFile(connection, login.privateKeyFile)
  }
  throw keyMissing(login)
}

/** Asks for the key of the last login, because another key would open another account. */
const keyMissing = (login: Login | null): CliError =>
  login?.method === 'key'
    ? new CliError(
        'KEY_MISSING',
        `No private key is given; the last login was with the key ${login.publicKey}, which came by no file.`,
        'Give it again: --private-key FILE, --private-key - for a pipe, or IDEM_PRIVATE_KEY.',
      )
    : new CliError(
        'KEY_MISSING',
        'No private key is given, and none is remembered for this server.',
        'Give --private-key FILE, pipe one in with --private-key -, or set IDEM_PRIVATE_KEY. ' +
          `${firstKeyHint}. Without a key: idem login --email ADDRESS, or: idem login --guest`,
      )

/** A login without options repeats the last one, with its handle, so that it opens the same account. */
const handleOf = ({ kept, machine }: Connection, { handle, privateKey }: LoginOptions): string | null => {
  if (handle !== undefined) return handle
  const repeats = privateKey === undefined && !machine.environment['IDEM_PRIVATE_KEY']
  return repeats && kept.login?.method === 'key' ? kept.login.handle : null
}
