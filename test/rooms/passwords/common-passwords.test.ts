// The list of common passwords as it ships, and the settings of Argon2id.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { CommonPasswords } from '../../../src/passwords/common-passwords.js'
import { foldPassword } from '../../../src/passwords/password.js'
import { passwordSettings } from '../../../src/passwords/settings.js'

test('the list has every password in the form in which they are compared, once, and none that is too short', async () => {
  const lines = readFileSync('src/passwords/common-passwords.txt', 'utf8').trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(17_000)
  expect(new Set(lines).size).toBe(lines.length)
  expect(lines.filter((line) => foldPassword(line) !== line || [...line].length < 8)).toEqual([])
  const list = new CommonPasswords()
  for (const line of [lines[0] ?? '', 'password', 'iloveyou', lines.at(-1) ?? ''])
    expect(await list.has(line)).toBe(true)
  for (const none of ['three brown foxes', 'passwor', 'asswords', ''])
    expect(await list.has(none), none).toBe(false)
})

const read = (environment: Readonly<Record<string, string>>) =>
  readEnvironment({ passwords: passwordSettings }, environment).passwords

test('too little memory and too few passes are refused in production, and so is a full pool of threads', () => {
  expect(read({})).toMatchObject({ memoryKib: 19_456, passes: 2, mostWaiting: 128 })
  expect(read({ IDEM_PASSWORD_MEMORY_KIB: '8', IDEM_PASSWORD_PASSES: '1' }).memoryKib).toBe(8)
  const production = { NODE_ENV: 'production' }
  expect(read(production).memoryKib).toBe(19_456)
  expect(read({ ...production, IDEM_PASSWORD_MEMORY_KIB: '7168', IDEM_PASSWORD_PASSES: '5' }).memoryKib).toBe(
    7_168,
  )
  for (const weak of [
    { IDEM_PASSWORD_MEMORY_KIB: '7168' },
    { IDEM_PASSWORD_PASSES: '1' },
    { IDEM_PASSWORD_MEMORY_KIB: '8', IDEM_PASSWORD_PASSES: '1' },
  ])
    expect(() => read({ ...production, ...weak })).toThrow('IDEM_PASSWORD_MEMORY_KIB is too little')
  expect(read({}).atOnce).toBeGreaterThan(0)
  expect(read({}).atOnce).toBeLessThan(4)
  expect(read({ IDEM_PASSWORDS_AT_ONCE: '3' }).atOnce).toBe(3)
  expect(() => read({ IDEM_PASSWORDS_AT_ONCE: '4' })).toThrow('must be a whole number from 1 to 3')
  expect(read({ IDEM_PASSWORDS_AT_ONCE: '7', UV_THREADPOOL_SIZE: '8' }).atOnce).toBe(7)
})
