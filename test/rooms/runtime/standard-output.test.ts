// Every line that was written before a process ends arrives, once and in order, however it ends of its own accord.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const module = pathToFileURL('dist/src/runtime/standard-output.js').href

/** The lines of a process that writes `count` of them and then does `last`. */
const linesOf = async (count: number, last: string): Promise<string[]> => {
  const script = `
    const { openStandardOutput } = await import(${JSON.stringify(module)})
    const output = openStandardOutput()
    for (let line = 0; line < ${count}; line++) output.write(\`line \${line} \${'ä'.repeat(line % 300)}\\n\`)
    ${last}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  await once(child, 'close')
  return text.split('\n').slice(0, -1)
}

const expected = (count: number) =>
  Array.from({ length: count }, (_, line) => `line ${line} ${'ä'.repeat(line % 300)}`)

test.each([
  ['when nothing is left to do', ''],
  ['by process.exit', 'process.exit(1)'],
  ['by an error that nobody caught', "throw new Error('a bug')"],
])('the lines of a process that ends %s', async (_how, last) => {
  expect(await linesOf(1, last)).toEqual(expected(1))
  expect(await linesOf(60, last)).toEqual(expected(60))
})

test('the lines of a process that writes many', async () => {
  expect(await linesOf(20_000, '')).toEqual(expected(20_000))
})

test('a line of a process that goes on does not wait for others', async () => {
  const script = `
    const { openStandardOutput } = await import(${JSON.stringify(module)})
    openStandardOutput().write('alone\\n')
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const [chunk] = await once(child.stdout, 'data')
  expect(String(chunk)).toBe('alone\n')
  child.stdin.end()
  await once(child, 'exit')
})
