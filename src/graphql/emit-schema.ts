// Writes schema/idem.graphql from the code (`npm run emit-schema`); with --check it only compares.
import 'reflect-metadata'
import { readFile, writeFile } from 'node:fs/promises'
import { methodDefinitions } from '../methods/registry.js'
import { printSdl } from './schema.js'

const path = 'schema/idem.graphql'

const sdl = printSdl(methodDefinitions)
if (!process.argv.includes('--check')) await writeFile(path, sdl)
else if ((await readFile(path, 'utf8').catch(() => '')) !== sdl) {
  process.stderr.write(`${path} differs from the code. Run: npm run emit-schema\n`)
  process.exitCode = 1
}
