// Standard output as the destination of the log: lines are collected and written together.
import { writeSync } from 'node:fs'
import { type DestinationStream, pino } from 'pino'
import { OperatorProblem } from '../failure.js'

/** A write costs more than a simple request, so lines are collected until they have this many characters. */
const leastCharacters = 16_384
/** The longest time that a line is kept, in milliseconds. */
const longestMilliseconds = 200
/** More than is ever collected: pino's stream writes only when it is told to. In bytes. */
const unlimited = 2 ** 30

/**
 * Writes all of a text. pino's own way to write at the end tries for ever where it cannot, for example on a full disk.
 */
const writeNow = (text: string): void => {
  for (let rest = Buffer.from(text); rest.length > 0; )
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      // The reader of a pipe is slow.
      if (errorCodeOf(error) !== 'EAGAIN') throw error
    }
}

const errorCodeOf = (error: unknown): unknown => (error instanceof Error ? Reflect.get(error, 'code') : null)

/**
 * Writes lines without waiting for the reader, and what is left when the process exits. Lines are joined once. pino's
 * own collecting (`minLength`) measures all of its text anew at each line, which takes longer than to format the line.
 */
export const openStandardOutput = (): DestinationStream => {
  const output = pino.destination({
    dest: 1,
    sync: false,
    minLength: unlimited - 1,
    maxWrite: unlimited,
  })
  let isBroken = false
  // Without a listener the event would end the process, and a service is worth more than its log. A stream that is not
  // destroyed would keep all lines, and try for ever to write them when the process exits.
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (isBroken) return
    isBroken = true
    output.destroy()
    process.stderr.write(`The log cannot be written (${error.code}): Idem goes on without it.\n`)
  })
  let lines: string[] = []
  let characters = 0
  const handOver = (): void => {
    if (lines.length > 0 && !isBroken) output.write(lines.join(''))
    lines = []
    characters = 0
  }
  const write = (): void => {
    handOver()
    if (!isBroken) output.flush()
  }
  setInterval(write, longestMilliseconds).unref()
  // Before pino's own listener, which does not try again for ever once the stream is destroyed.
  process.prependListener('exit', () => {
    try {
      if (!isBroken) writeNow(lines.join(''))
      if (!isBroken) output.flushSync()
    } catch {
      // Nobody is left to be told.
    }
    output.destroy()
  })
  return {
    write: (line) => {
      lines.push(line)
      characters += line.length
      if (characters >= leastCharacters) write()
    },
  }
}

/** Prints the result of a command. Throws `OperatorProblem` if it cannot be written. */
export const print = async (text: string): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Without a listener, the event that comes beside the callback would end the process by a stack.
  process.stdout.once('error', reject)
  process.stdout.write(`${text}\n`, (error) => (error ? reject(error) : resolve()))
  await promise.catch((error: NodeJS.ErrnoException) => {
    const sentence = `Standard output cannot be written (${error.code}): the command was carried out, its result is lost.`
    throw new OperatorProblem(sentence, { kind: 'output', cause: error })
  })
  process.stdout.off('error', reject)
}
