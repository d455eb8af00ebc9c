// `idem keygen`: makes an Ed25519 key pair and writes the private half to a file.

import path from 'node:path'
import type { Command } from 'commander'
import { absolutePath } from '../absolute-path.js'
import { defineCommand } from '../define-command.js'
import { openInvocation } from '../invocation.js'
import type { Machine } from '../machine.js'
import { generatePrivateKey } from '../private-key.js'
import { shellWord } from '../shell-word.js'
import { writeNewFile } from '../write-new-file.js'

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
      await writeNewFile({ file, text: pem, whyKept: 'may hold a key in use' })
      output.result({ publicKey: signer.publicKey, privateKeyFile: file }, signer.publicKey)
      output.progress(`The private key is in ${file}. Keep it safe: it is not kept anywhere else.`)
      output.progress(`Next: idem login --handle NAME --private-key ${shellWord(file)}`)
    })
