// `idem keygen`: makes an Ed25519 key pair and writes the private half to a file.

import { mkdir, open } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { openInvocation } from '../invocation.js'
import type { Machine } from '../machine.js'
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
      const file = out === undefined ? path.join(path.dirname(config.path), 'key.pem') : path.resolve(out)
      const { signer, pem } = generatePrivateKey()
      await writeNewFile(file, pem)
      output.result({ publicKey: signer.publicKey, privateKeyFile: file }, signer.publicKey)
      output.progress(`The private key is in ${file}. Keep it safe: it is not kept anywhere else.`)
      output.progress(`Next: idem login --handle NAME --private-key ${shellWord(file)}`)
    })

const writeNewFile = async (file: string, text: string): Promise<void> => {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    throw describeWriteFailure(file, cause)
  }
}

const describeWriteFailure = (file: string, cause: unknown): CliError => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'EEXIST') {
    return new CliError(
      'FILE_EXISTS',
      `${file} exists and may hold a key in use.`,
      'Name another file with --out FILE',
      {
        cause,
      },
    )
  }
  return new CliError(
    'FILE_NOT_WRITTEN',
    `${file} cannot be written (${code}).`,
    'Name another file with --out FILE',
    {
      cause,
    },
  )
}
