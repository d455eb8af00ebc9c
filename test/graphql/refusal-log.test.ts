// What the log tells of a refused request: once what is alike, where a bug arose, and never what was sent.
import { beforeEach, expect, test } from 'vitest'
import { outlineOf } from '../../src/runtime/error-outline.js'
import { codeOf } from '../support/calls.js'
import { serviceOfFile } from '../support/service-of-file.js'

const { idem } = await serviceOfFile()

let linesBefore: number
beforeEach(() => {
  linesBefore = idem.logLines.length
})
const newLines = (): string[] => idem.logLines.slice(linesBefore).filter((line) => !line.includes('"route"'))

/** Nothing that Idem itself would ever write. */
const mark = 'zqxj'

test.each([
  [
    'a document with hundreds of faults',
    `{ ${Array.from({ length: 400 }, (_, index) => `${mark}${index}`).join(' ')} }`,
    {},
  ],
  [
    'a variable with hundreds of faults',
    'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }',
    { input: Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`${mark}${index}`, index])) },
  ],
  ['a syntax error', `{ me { id } ${mark}`, {}],
  [
    'a wrong value in an argument',
    `query ($a: AnonymousProof) { me { id } } mutation { signIn(input: { proof: { anonymous: { deviceSecret: "${mark}" }, key: $a } }) { provisioned } }`,
    {},
  ],
])('%s is one line, which does not quote it', async (_name, query, variables) => {
  const answer = await idem.ask(query, variables)
  expect(codeOf(answer)).toBe('BAD_USER_INPUT')
  expect(newLines()).toHaveLength(1)
  expect(newLines().join('')).not.toContain(mark)
})

test('what a body that is no JSON holds is not quoted either', async () => {
  await idem.post(`{"query": ${mark}`)
  expect(newLines()).toHaveLength(1)
  expect(newLines().join('')).not.toContain(mark)
})

test('errors that are alike are counted, up to the ten that a client is told', async () => {
  const refused = await idem.ask('{ a b c me { d e } f g h i j k l m }')
  expect(refused.errors.length).toBeGreaterThanOrEqual(10)
  expect(refused.errors.length).toBeLessThanOrEqual(11)
  expect(newLines().map((line) => JSON.parse(line))).toMatchObject([
    { msg: 'refused', code: 'BAD_USER_INPUT', count: refused.errors.length },
  ])
})

test('of an error of the database the log has the state and the calls, and nothing of the values', async () => {
  const { database } = idem.foundation
  const error = await database
    .run({ name: 'idem_test_wrong_value', text: 'select $1::text::uuid' }, [mark])
    .catch((thrown: unknown) => thrown)
  expect(String(error)).toContain(mark)
  const outline = outlineOf(new Error(`wrapped: ${mark}`, { cause: error }))
  expect(outline).toMatchObject({ type: 'Error', cause: { type: 'DatabaseError', code: '22P02' } })
  expect(outline.frames.join('\n')).toContain('refusal-log.test.ts')
  expect(JSON.stringify(outline)).not.toContain(mark)
})

test('a message that pretends to be a place in code is left out, too', () => {
  const outline = outlineOf(new Error(`first\n    at ${mark} (file.js:1:1)`))
  expect(outline.frames.length).toBeGreaterThan(0)
  expect(JSON.stringify(outline)).not.toContain(mark)
  expect(outlineOf(mark)).toEqual({ type: 'string', frames: [] })
})
