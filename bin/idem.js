#!/usr/bin/env node
// Starts the built command line, or says how to build it.

import { readFileSync } from 'node:fs'

/** EX_SOFTWARE of sysexits.h, as in the table of exit codes. */
const broken = 70

const start = async () => {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    process.stderr.write(`idem: needs Node 20 or later; this is ${process.versions.node}.\n`)
    return broken
  }
  try {
    const { main } = await import('../dist/src/cli/main.js')
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    return await main(version)
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    process.stderr.write(`idem: not built yet. In the folder of Idem run: npm install\n  ${error.message}\n`)
    return broken
  }
}

process.exitCode = await start()
