// Reads a line from a terminal without showing it.

import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'

/** The line, which can be edited; null at the end of the input. Ctrl-C ends the process as everywhere else. */
export const readHiddenLine = (terminal: Readable): Promise<string | null> =>
  new Promise((resolve) => {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    // As a terminal, so that Node turns off the terminal's own echo and edits the line itself.
    const reader = createInterface({ input: terminal, output: nowhere, terminal: true, historySize: 0 })
    reader.once('line', (line) => {
      resolve(line)
      reader.close()
    })
    reader.once('close', () => resolve(null))
    reader.once('SIGINT', () => {
      reader.close()
      process.kill(process.pid, 'SIGINT')
    })
  })
