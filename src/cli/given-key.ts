// Reads a private key from its possible sources: a file, standard input, the environment.

import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import type { KeySigner } from '../client/proof.js'
import { CliError } from './cli-error.js'
import type { Invocation } from './invocation.js'
import { looksLikePrivateKey, parsePrivateKey } from './private-key.js'
import { shellWord } from './shell-word.js'
import { fileSource, firstKeyHint, keyFailure, sourceWithoutFile } from './unusable-key.js'

/** A key, and the file from which it can be read again; null if it came from another source. */
export interface GivenKey {
  readonly signer: KeySigner
  readonly file: string | null
}

/** More than a key file of any format needs, in bytes. */
const longestKeyBytes = 65_536

const standardInput = sourceWithoutFile('Standard input')
const environmentVariable = sourceWithoutFile('IDEM_PRIVATE_KEY')

/** The key of `--private-key`: a file, or `-` for standard input. */
export const readPrivateKey = async (invocation: Invocation, word: string): Promise<GivenKey> =>
  word === '-'
    ? { signer: parsePrivateKey(await readStandardInput(invocation), standardInput), file: null }
    : readPrivateKeyFile(invocation, word)

/** The key in `IDEM_PRIVATE_KEY`; null if it is not set. */
export const readEnvironmentKey = ({ machine }: Invocation): GivenKey | null => {
  const text = machine.environment['IDEM_PRIVATE_KEY'] ?? ''
  return text === '' ? null : { signer: parsePrivateKey(text, environmentVariable), file: null }
}

/** The key in a file; warns if other users of this machine can read it. */
export const readPrivateKeyFile = async (invocation: Invocation, file: string): Promise<GivenKey> => {
  const handle = await openKeyFile(file)
  try {
    const { mode, isRegular, bytes } = await readKeyFile(handle, file)
    const signer = parsePrivateKey(bytes, fileSource(file))
    if (isRegular && process.platform !== 'win32' && (mode & 0o077) !== 0) {
      invocation.output.warn(`others on this machine can read ${file}. Run: chmod 600 ${shellWord(file)}`)
    }
    return { signer, file: isRegular ? path.resolve(file) : null }
  } finally {
    await handle.close()
  }
}

const openKeyFile = async (file: string): Promise<FileHandle> => {
  try {
    return await open(file, 'r')
  } catch (cause) {
    if (looksLikePrivateKey(file)) {
      throw new CliError(
        'USAGE',
        'A private key does not belong on the command line, where every process can see it.',
        'Put it into a file (chmod 600), pipe it in with --private-key -, or set IDEM_PRIVATE_KEY.',
      )
    }
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no reason known'
    throw new CliError(
      'KEY_UNREADABLE',
      `The file ${file} cannot be opened (${code}).`,
      `Check its name. ${firstKeyHint}`,
      { cause },
    )
  }
}

const readKeyFile = async (
  handle: FileHandle,
  file: string,
): Promise<{ mode: number; isRegular: boolean; bytes: Buffer }> => {
  const stat = await handle.stat()
  const bytes = stat.isDirectory() ? null : await readBytes(handle.createReadStream({ autoClose: false }))
  if (bytes === null) throw keyFailure.noPrivateKey(fileSource(file))
  return { mode: stat.mode, isRegular: stat.isFile(), bytes }
}

const readStandardInput = async ({ machine: { stdin } }: Invocation): Promise<Buffer> => {
  if (stdin.isTTY === true) {
    throw new CliError(
      'KEY_MISSING',
      'Standard input is a terminal, and a key typed there would be seen.',
      'Pipe it in, as in: idem login --private-key - < FILE',
    )
  }
  const bytes = await readBytes(stdin)
  if (bytes === null) throw keyFailure.noPrivateKey(standardInput)
  if (bytes.toString('latin1').trim() === '')
    throw new CliError('KEY_MISSING', 'Standard input was empty.', 'Pipe a private key in.')
  return bytes
}

/** The whole input; null once it is longer than any key, because a device may be endless. */
const readBytes = async (source: Readable): Promise<Buffer | null> => {
  let bytes = Buffer.alloc(0)
  for await (const chunk of source) {
    bytes = Buffer.concat([bytes, Buffer.from(chunk)])
    if (bytes.length > longestKeyBytes) return null
  }
  return bytes
}
