// Writes schema/idem.graphql from the code: `npm run emit-schema`; with --check it only compares.
import 'reflect-metadata'
import { readFile, writeFile } from 'node:fs/promises'
import { HeldSecrets } from '../challenges/held-secrets.js'
import { createMethods } from '../methods/registry.js'
import { systemRandom } from '../runtime/random.js'
import { KeyRing } from '../tokens/key-ring.js'
import { printSdl } from './schema.js'

const path = 'schema/idem.graphql'

// Nothing is derived while printing.
const heldSecrets = new HeldSecrets(new KeyRing([]))
const sdl = printSdl(createMethods({ random: systemRandom, heldSecrets }))
if (!process.argv.includes('--check')) await writeFile(path, sdl)
else if ((await readFile(path, 'utf8').catch(() => '')) !== sdl) {
  process.stderr.write(`${path} differs from the code. Run: npm run emit-schema\n`)
  process.exitCode = 1
}
