// What a device is called: in the words of its owner's list, and where a stranger's words must not show.
import { expect, test } from 'vitest'
import { deviceNameOf, trustedDeviceNameOf } from '../../../src/sessions/device-name.js'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

test.each([
  [firefox, 'Firefox on Linux'],
  ['curl/8.5.0', 'curl 8'],
  ['node', 'node'],
  ['idem-cli (ada.local)', 'idem-cli'],
  ['python-requests/2.31.0', 'python-requests 2'],
])('%s is %s', (device, name) => {
  expect(trustedDeviceNameOf(device)).toBe(name)
})

test.each([
  'Your account was hacked, open evil.com/now (Windows NT 10.0)',
  'evil.com/login Windows NT 6.1',
  'Call-support-now/0800.123.4567',
  'visit/93.184.216.34',
  'Gewonnen! www.example.com/prize',
  'https://evil.example',
  'evil.com',
  'Call 0800 1234567 iPhone',
  'a'.repeat(300),
])('%s tells a stranger nothing but a word at most', (device) => {
  expect(trustedDeviceNameOf(device) ?? '').toMatch(/^(?:[A-Za-z]{1,20}(?:-[A-Za-z]{1,20})?(?: \d{1,3})?)?$/)
  expect(trustedDeviceNameOf(device) ?? '').not.toMatch(/hacked|evil|0800|prize|184/)
})

test('to its owner a device is called what it calls itself', () => {
  expect(deviceNameOf(firefox)).toBe('Firefox on Linux')
  expect(deviceNameOf("ada's laptop")).toBe("ada's laptop")
})
