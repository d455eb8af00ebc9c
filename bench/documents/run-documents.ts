// The entry of `npm run bench:documents`: how dear documents can be, and what a flood of them leaves in memory.
import 'reflect-metadata'
import { parseArgs } from 'node:util'
import { Started } from '../started.js'
import { flood } from './flood.js'
import { timeAnswers } from './time-answers.js'
import { timeChecks } from './time-checks.js'

const { values } = parseArgs({ options: { documents: { type: 'string', default: '200000' } } })
const documents = Number(values.documents)
if (!Number.isInteger(documents) || documents < 10)
  throw new Error('--documents takes a whole number from 10 on')

const say = (line: string): void => void process.stdout.write(`${line}\n`)

say('milliseconds to read and to check a document, the dearest first')
for (const { milliseconds, passes, what } of timeChecks())
  say(`${milliseconds.toFixed(2).padStart(8)}  ${passes ? 'passes ' : 'refused'}  ${what}`)

const started = new Started()
try {
  say(
    "\nmilliseconds until a document is answered that passes the limits, and those of the server's processor, the dearest first",
  )
  for (const { milliseconds, serverMilliseconds, times, what } of await timeAnswers(started))
    say(
      `${milliseconds.toFixed(2).padStart(8)}  ${serverMilliseconds.toFixed(2).padStart(8)}  ${String(times).padStart(3)} ×  ${what}`,
    )

  say(`\nresident memory in MB, by ${documents} documents that are all different`)
  for (const bytes of [60, 60_000]) {
    const { afterTenth, atEnd, peak, seconds } = await flood({ documents, bytes }, started)
    say(
      `${String(bytes).padStart(6)} bytes each: ${afterTenth} after a tenth, ${atEnd} at the end, ${peak} at most, ${seconds} s`,
    )
  }
} finally {
  await started.end()
}
