// What people and scripts are told of a failure: its code, its next step, its exit code.

import { expect, test } from 'vitest'
import { describeFailure } from '../../../src/cli/describe-failure.js'
import { shellWord } from '../../../src/cli/shell-word.js'
import { IdemError, refusalCodes } from '../../../src/client/idem-error.js'

const requestId = '0198c2f0-7d2a-7cc1-9d0e-3f1f6a2b7c11'

test.each([
  ['RATE_LIMITED', { retryAfterSeconds: 30 }, 7, 'Try again in 30 s.'],
  ['UNAVAILABLE', { retryAfterSeconds: 2 }, 4, 'Try again in 2 s.'],
  ['INTERNAL', { requestId }, 1, `The server's log has more under request ${requestId}.`],
  ['BAD_USER_INPUT', { field: 'handle' }, 2, null],
  ['FORBIDDEN', { requiredScopes: [['identity:write']] }, 1, null],
  ['FORBIDDEN', { requiredScopes: [['operator:all']] }, 1, 'Only operators (IDEM_OPERATORS) may do that.'],
] as const)('%s keeps what the server named', (code, details, exitCode, next) => {
  const report = describeFailure(new IdemError(code, 'No.', details))
  expect(report).toEqual({ code, message: 'No.', next, exitCode, details })
})

test('every refusal keeps its code and its sentence', () => {
  for (const code of refusalCodes) {
    expect(describeFailure(new IdemError(code, 'No.'))).toMatchObject({ code, message: 'No.' })
  }
})

test('whatever else is thrown is a bug of idem and says so', () => {
  expect(describeFailure(new TypeError('x is undefined'))).toMatchObject({
    code: 'BROKEN',
    message: 'This is a bug in idem: x is undefined',
    exitCode: 70,
  })
  expect(describeFailure('words').message).toContain('words')
})

test.each([
  ['ada.pem', 'ada.pem'],
  ['/home/ada/my keys/ada.pem', "'/home/ada/my keys/ada.pem'"],
  ["it's $(here)", "'it'\\''s $(here)'"],
  ['', "''"],
])('%s is pasted into a shell as %s', (word, pasted) => {
  expect(shellWord(word)).toBe(pasted)
})
