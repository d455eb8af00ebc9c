// `idem keygen`: makes an Ed25519 key pair and writes the private half to a file.

import { type FileHandle, open, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { absolutePath } from '../absolute-path.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { describeFileFault } from '../file-fault.js'
import { openInvocation } from '../invocation.js'
import type { Machine } from '../machine.js'
import { makeFolder } from '../make-folder.js'
import { generatePrivateKey } from '../private-key.js'
import { shellWord } from '../shell-word.js'

/** `idem keygen` */
export const keygenCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'keygen',
    summary: 'Make an Ed25519 key: the private half into a file, the public half printed',
    details: 'The file is PKCS#8 PEM that only you can read. A file that exists is never overwritten.',
    examples: ['idem keygen', 'idem keygen --out ada.pem > ada.pub'],
  })
    .option('--out <file>', 'where to put the private key (default: key.pem beside the config file)')
    .action(async function (this: Command) {
      const { output, config } = openInvocation(machine, this)
      const { out } = this.opts<{ out?: string }>()
      const file = out === undefined ? path.join(path.dirname(config.path), 'key.pem') : absolutePath(out)
      const { signer, pem } = generatePrivateKey()
      await writeNewFile(file, pem)
      output.result({ publicKey: signer.publicKey, privateKeyFile: file }, signer.publicKey)
      output.progress(`The private key is in ${file}. Keep it safe: it is not kept anywhere else.`)
      output.progress(`Next: idem login --handle NAME --private-key ${shellWord(file)}`)
    })

const writeNewFile = async (file: string, text: string): Promise<void> => {
  try {
    await makeFolder(path.dirname(file))
    await fill(await open(file, 'wx', 0o600), file, text)
  } catch (cause) {
    throw describeWriteFailure(file, cause)
  }
}

/** Writes the text, and removes the file if that fails, because half a key looks like one in use. */
const fill = async (handle: FileHandle, file: string, text: string): Promise<void> => {
  try {
    await handle.writeFile(text)
    await handle.sync()
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}

const describeWriteFailure = (file: string, cause: unknown): CliError => {
  const next = 'Name another file with --out FILE'
  if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
    return new CliError('FILE_EXISTS', `${file} exists and may hold a key in use.`, next, { cause })
  const message = `${file} cannot be written: ${describeFileFault(cause)}.`
  return new CliError('FILE_NOT_WRITTEN', message, next, { cause })
}
