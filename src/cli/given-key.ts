// Reads a private Ed25519 key from its possible sources: a file, standard input, the environment.

import type { KeySigner } from '../client/proof.js'
import type { Invocation } from './invocation.js'
import { type KeyOption, type ReadKey, readKey, readKeyFile } from './key-file.js'
import { looksLikePrivateKey, parsePrivateKey } from './private-key.js'
import { firstKeyHint, keyFailure, sourceWithoutFile } from './unusable-key.js'

/** A key, and the file from which it can be read again; null if it came from another source. */
export interface GivenKey {
  readonly signer: KeySigner
  readonly file: string | null
}

const environmentVariable = sourceWithoutFile('IDEM_PRIVATE_KEY')

const option: KeyOption<KeySigner> = {
  name: '--private-key',
  isKey: looksLikePrivateKey,
  otherWays: 'Put it into a file (chmod 600), pipe it in with --private-key -, or set IDEM_PRIVATE_KEY.',
  whenMissing: firstKeyHint,
  noKey: keyFailure.noPrivateKey,
  parse: parsePrivateKey,
}

/** The key of `--private-key`: a file, or `-` for standard input. */
export const readPrivateKey = async (invocation: Invocation, word: string): Promise<GivenKey> =>
  givenKey(await readKey(invocation, word, option))

/** The key in `IDEM_PRIVATE_KEY`; null if it is not set. */
export const readEnvironmentKey = ({ machine }: Invocation): GivenKey | null => {
  const text = machine.environment['IDEM_PRIVATE_KEY'] ?? ''
  return text === '' ? null : { signer: parsePrivateKey(text, environmentVariable), file: null }
}

/** The key in a file; warns if other users of this machine can read it. */
export const readPrivateKeyFile = async (invocation: Invocation, file: string): Promise<GivenKey> =>
  givenKey(await readKeyFile(invocation, file, option))

const givenKey = ({ key, file }: ReadKey<KeySigner>): GivenKey => ({ signer: key, file })
