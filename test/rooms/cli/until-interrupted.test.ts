// Work that runs until Ctrl-C: the first one is told to it, the second one ends the process.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, test } from 'vitest'
import { repository } from './shell.js'

/** A process that runs such work, which says when it begins and when it is told to end. */
const start = (onAbort: string) => {
  const module = path.join(repository, 'dist/src/cli/until-interrupted.js')
  const script = `import { untilInterrupted } from ${JSON.stringify(module)}
    const alive = setInterval(() => undefined, 1_000)
    await untilInterrupted((interrupted) => new Promise((resolve) => {
      interrupted.addEventListener('abort', () => { console.log('told'); ${onAbort} })
      console.log('begun')
    }))
    clearInterval(alive)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8')
  const until = async (word: string): Promise<void> => {
    while (!said.includes(word)) {
      const [chunk] = await once(child.stdout, 'data')
      said += chunk
    }
  }
  return { child, until, ended: once(child, 'exit') }
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s lets the work end by itself', async (signal) => {
  const { child, until, ended } = start('resolve()')
  await until('begun')
  child.kill(signal)
  expect(await ended).toEqual([0, null])
})

test('a second Ctrl-C ends a process whose work does not end', async () => {
  const { child, until, ended } = start('')
  await until('begun')
  child.kill('SIGINT')
  await until('told')
  child.kill('SIGINT')
  expect(await ended).toEqual([null, 'SIGINT'])
})
