// `idem authenticate login`: the login in Space and Time's own spelling, for scripts written for `sxtcli`.

import { Command } from 'commander'
import type { KeySigner } from '../../client/proof.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { type GivenKey, readEnvironmentKey, readPrivateKey } from '../given-key.js'
import { connect, type Invocation, openInvocation } from '../invocation.js'
import { logInWithKey } from '../log-in-with-key.js'
import type { Machine } from '../machine.js'
import { looksLikePrivateKey, parsePrivateKey } from '../private-key.js'
import { readPublicKey } from '../public-key.js'
import { defaultServerUrl } from '../server-url.js'
import { sourceWithoutFile } from '../unusable-key.js'

interface AuthenticateOptions {
  readonly userId: string
  readonly publicKey?: string
  readonly privateKey?: string
}

/** `idem authenticate`, which has `login` alone. */
export const authenticateCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'authenticate',
    summary: "Sign in, spelled as by Space and Time's sxtcli",
    examples: [`idem authenticate login --url=${defaultServerUrl} --userId=ada --privateKey=ada.pem`],
  }).addCommand(authenticateLoginCommand(machine))

const authenticateLoginCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'login',
    summary: 'Sign in with a user id and a key pair',
    details:
      'Like `idem login --handle --private-key`. The private key may be a value, a file or - for standard input; ' +
      'a value is visible to every process on this machine, so prefer a file or IDEM_PRIVATE_KEY.',
    examples: [
      `idem authenticate login --url=${defaultServerUrl} --userId=ada --privateKey=ada.pem`,
      'idem authenticate login --userId=ada --publicKey="$(cat ada.pub)" --privateKey=ada.pem',
      'IDEM_PRIVATE_KEY="$(cat ada.pem)" idem authenticate login --userId=ada',
    ],
  })
    .requiredOption('--userId <name>', 'the handle of the account')
    .option('--publicKey <key>', 'checked to belong to the private key')
    .option('--privateKey <key>', 'the private key: a value, a file, or - for standard input')
    .action(async function (this: Command) {
      const { userId, publicKey, privateKey } = this.opts<AuthenticateOptions>()
      const connection = await connect(openInvocation(machine, this))
      const key = await findKey(connection, privateKey)
      if (publicKey !== undefined) checkMatch(key.signer, publicKey)
      await logInWithKey(connection, key, userId)
    })

const findKey = async (invocation: Invocation, privateKey: string | undefined): Promise<GivenKey> => {
  if (privateKey !== undefined && looksLikePrivateKey(privateKey)) {
    invocation.output.warn(
      'a private key on the command line shows in the process list and in the history of the shell. ' +
        'Prefer a file, a pipe (--privateKey=-) or IDEM_PRIVATE_KEY.',
    )
    return { signer: parsePrivateKey(privateKey, sourceWithoutFile('--privateKey')), file: null }
  }
  if (privateKey !== undefined) return readPrivateKey(invocation, privateKey)
  const fromEnvironment = readEnvironmentKey(invocation)
  if (fromEnvironment !== null) return fromEnvironment
  throw new CliError('KEY_MISSING', 'No private key is given.', 'Give --privateKey or set IDEM_PRIVATE_KEY.')
}

const checkMatch = (signer: KeySigner, given: string): void => {
  const { publicKey, because } = readPublicKey(given)
  if (publicKey === null) {
    throw new CliError(
      'USAGE',
      `--publicKey is no Ed25519 public key${because === null ? '' : `: ${because.replace(/\.$/, '')}`}.`,
      'Leave it out: it follows from the private key.',
    )
  }
  if (publicKey !== signer.publicKey) {
    throw new CliError(
      'KEY_MISMATCH',
      `The private key belongs to the public key ${signer.publicKey}, not to ${publicKey}.`,
      'Check which pair you meant; --publicKey may be left out.',
    )
  }
}
