// Standard output as the destination of the log: lines are collected and written together.
import { type DestinationStream, pino } from 'pino'

/** A write costs more than a simple request, so lines are collected until they have this many characters. */
const leastCharacters = 16_384
/** The longest time that a line is kept, in milliseconds. */
const longestMilliseconds = 200
/** More than is ever collected: pino's stream writes only when it is told to. In bytes. */
const unlimited = 2 ** 30

/**
 * Writes lines without waiting for the reader, and what is left when the process exits. Lines are joined once. pino's
 * own collecting (`minLength`) measures all of its text anew at each line, which takes longer than to format the line.
 */
export const openStandardOutput = (): DestinationStream => {
  const output = pino.destination({ dest: 1, sync: false, minLength: unlimited - 1, maxWrite: unlimited })
  let lines: string[] = []
  let characters = 0
  const handOver = (): void => {
    if (lines.length > 0) output.write(lines.join(''))
    lines = []
    characters = 0
  }
  const write = (): void => {
    handOver()
    output.flush()
  }
  setInterval(write, longestMilliseconds).unref()
  process.on('exit', () => {
    handOver()
    output.flushSync()
  })
  return {
    write: (line) => {
      lines.push(line)
      characters += line.length
      if (characters >= leastCharacters) write()
    },
  }
}
