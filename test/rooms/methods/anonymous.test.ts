// The method `anonymous`: the suite of every method, with guests who keep a secret.
import { randomBytes } from 'node:crypto'
import { describeMethod } from '../../conformance/method.js'

describeMethod({
  name: 'anonymous',
  newProver: () => {
    const deviceSecret = randomBytes(32).toString('base64')
    return { request: null, prove: () => ({ deviceSecret }) }
  },
  malformedProofs: [
    { deviceSecret: '' },
    { deviceSecret: 'short' },
    { deviceSecret: '*'.repeat(44) },
    { deviceSecret: 'A'.repeat(42) },
    { deviceSecret: 'A'.repeat(5_000) },
    { deviceSecret: '\0'.repeat(44) },
    { deviceSecret: `${'A'.repeat(43)}===` },
    { deviceName: 'x'.repeat(1_000) },
    { deviceName: 'a\r\nb' },
  ],
})
