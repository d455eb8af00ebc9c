// Reads the text of a key from a file or standard input, for the options that name one.

import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { CliError } from './cli-error.js'
import type { Invocation } from './invocation.js'
import { withoutQuotes } from './public-key-spelling.js'
import { shellWord } from './shell-word.js'
import { fileSource, type KeySource, sourceWithoutFile } from './unusable-key.js'

/** An option such as `--private-key`, and how its keys are read. */
export interface KeyOption<Key> {
  readonly name: string
  /** True for an argument that is itself a key and not the name of a file. */
  readonly isKey: (word: string) => boolean
  /** How to give a key instead of writing it on the command line. */
  readonly otherWays: string
  /** The advice for a file that is not there. */
  readonly whenMissing: string
  /** The error for a text that holds no key. */
  readonly noKey: (source: KeySource) => CliError
  readonly parse: (bytes: Buffer, source: KeySource) => Promise<Key> | Key
}

/** A key, and the file from which it can be read again; null if it came from another source. */
export interface ReadKey<Key> {
  readonly key: Key
  readonly file: string | null
}

/** More than a key file of any format needs, in bytes. */
const longestKeyBytes = 65_536

const standardInput = sourceWithoutFile('Standard input')

/** The key in a file, or in standard input for `-`. */
export const readKey = async <Key>(
  invocation: Invocation,
  word: string,
  option: KeyOption<Key>,
): Promise<ReadKey<Key>> =>
  word === '-'
    ? { key: await option.parse(await readStandardInput(invocation, option), standardInput), file: null }
    : readKeyFile(invocation, word, option)

/** The key in a file; warns if other users of this machine can read it. */
export const readKeyFile = async <Key>(
  invocation: Invocation,
  file: string,
  option: KeyOption<Key>,
): Promise<ReadKey<Key>> => {
  const handle = await openKeyFile(file, option)
  try {
    const stat = await handle.stat()
    const bytes = stat.isDirectory() ? null : await readBytes(handle.createReadStream({ autoClose: false }))
    if (bytes === null) throw option.noKey(fileSource(file))
    const key = await option.parse(bytes, fileSource(file))
    if (stat.isFile() && process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      invocation.output.warn(`others on this machine can read ${file}. Run: chmod 600 ${shellWord(file)}`)
    }
    return { key, file: stat.isFile() ? path.resolve(file) : null }
  } finally {
    await handle.close()
  }
}

/** Hex of about the length of a key: one of its digits is missing or doubled, and the rest must not be repeated either. */
const mistypedKey = /^(?:0x)?[0-9a-f]{48,}$/i

const openKeyFile = async (file: string, option: KeyOption<unknown>): Promise<FileHandle> => {
  try {
    return await open(file, 'r')
  } catch (cause) {
    if (option.isKey(file) || mistypedKey.test(withoutQuotes(file))) {
      throw new CliError(
        'USAGE',
        'A private key does not belong on the command line, where every process can see it.',
        option.otherWays,
      )
    }
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no reason known'
    throw new CliError(
      'KEY_UNREADABLE',
      `The file ${file} cannot be opened (${code}).`,
      `Check its name. ${option.whenMissing}`,
      { cause },
    )
  }
}

const readStandardInput = async (
  { machine: { stdin } }: Invocation,
  { name, noKey }: KeyOption<unknown>,
): Promise<Buffer> => {
  if (stdin.isTTY === true) {
    throw new CliError(
      'KEY_MISSING',
      'Standard input is a terminal, and a key typed there would be seen.',
      `Pipe it in, as in: idem login ${name} - < FILE`,
    )
  }
  const bytes = await readBytes(stdin)
  if (bytes === null) throw noKey(standardInput)
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
