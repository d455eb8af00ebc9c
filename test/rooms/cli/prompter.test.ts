// Questions at a terminal: what is typed in answer to a hidden one is never shown.

import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { jsonOutput } from '../../../src/cli/output.js'
import { Prompter } from '../../../src/cli/prompter.js'
import { bareMachine } from './try-cli.js'

test('a password is not shown at a terminal with --json either', async () => {
  const modes: boolean[] = []
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    // Without it the terminal itself shows each key.
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
  })
  const machine = { ...bareMachine, words: ['login', '--password', '--json'], stdin }
  const prompter = new Prompter(machine, jsonOutput(machine))
  expect(prompter.isInteractive).toBe(false)
  const answer = prompter.askHidden('Password:', 'The password')
  stdin.write('three brown foxes\r\n')
  expect(await answer).toBe('three brown foxes')
  expect(modes).toEqual([true, false])
})
