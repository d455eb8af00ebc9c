// The method email passes what every method passes; and what its challenges are answered with is derived, not stored.
import { describe, expect, test } from 'vitest'
import { HeldSecrets } from '../../../src/challenges/held-secrets.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { KeyRing } from '../../../src/tokens/key-ring.js'
import { Secret } from '../../../src/tokens/secret.js'
import { describeMethod } from '../../conformance/method.js'

describeMethod({
  name: 'email',
  newProver: (idem) => {
    const address = `prover-${systemRandom.uuid()}@example.org`
    return {
      request: { address },
      // Its mails alone can be read: of another's challenge it knows no code.
      prove: (challenge) => ({
        code:
          challenge !== null && challenge.subject === address
            ? idem.foundation.heldSecrets.code(challenge.nonce)
            : 'AAAAAAAA',
      }),
    }
  },
  malformedProofs: [
    { code: '' },
    { code: ' ' },
    { code: '1' },
    { code: 'x'.repeat(10_000) },
    { code: '\u0000' },
    { code: 'ＡＡＡＡＡＡＡＡ' },
    { code: '0O1IL5S8' },
    { code: null },
  ],
})

const secretsOf = (...secrets: readonly string[]): HeldSecrets =>
  new HeldSecrets(new KeyRing(secrets.map((secret) => new Secret(secret))))

describe('what a held challenge is answered with', () => {
  const [first, second] = ['the first secret of the list, long', 'the second secret of the list, long']
  const own = secretsOf(first)
  const id = systemRandom.uuid()

  test('is the same each time it is derived, and differs by challenge and by secret', () => {
    const again = secretsOf(first)
    expect([again.code(id), again.matchCode(id), again.confirmationToken(id)]).toEqual([
      own.code(id),
      own.matchCode(id),
      own.confirmationToken(id),
    ])
    const other = systemRandom.uuid()
    expect(own.code(other)).not.toBe(own.code(id))
    expect(own.confirmationToken(other)).not.toBe(own.confirmationToken(id))
    expect(secretsOf(second).code(id)).not.toBe(own.code(id))
  })

  test('holds under every secret of the list, so that one can be replaced while mails are on their way', () => {
    const rotated = secretsOf(second, first)
    expect(rotated.isCode(id, own.code(id))).toBe(true)
    expect(rotated.isMatchCode(id, own.matchCode(id))).toBe(true)
    expect(rotated.idOfConfirmationToken(own.confirmationToken(id))).toBe(id)
    expect(secretsOf(second).isCode(id, own.code(id))).toBe(false)
    expect(secretsOf(second).idOfConfirmationToken(own.confirmationToken(id))).toBeNull()
  })

  test('spreads evenly: no two of many codes alike, every character used, no look-alikes', () => {
    const ids = Array.from({ length: 5_000 }, () => systemRandom.uuid())
    const codes = ids.map((each) => own.code(each))
    expect(new Set(codes).size).toBe(codes.length)
    const characters = new Set(codes.join(''))
    expect([...characters].toSorted().join('')).toBe('34679ACDEFGHJKMNPQRTWXY')
    expect(new Set(ids.map((each) => own.matchCode(each)[0])).size).toBe(10)
  })

  test.each([
    ['nothing', ''],
    ['another form', 'not-a-token'],
    ['a code', 'AAAAAAAA'],
    ['a token with a bit more', `${own.confirmationToken(id)}A`],
    ['a token with a bit less', own.confirmationToken(id).slice(0, -1)],
    ['an id without its MAC', own.confirmationToken(id).slice(0, 22)],
    ['the alphabet of base64', own.confirmationToken(id).replace(/-|_/g, '+')],
    ['a kilobyte', 'A'.repeat(1_024)],
  ])('%s is no link token', (_what, token) => {
    expect(own.idOfConfirmationToken(token) === null || own.confirmationToken(id) === token).toBe(true)
  })

  test('the three have nothing in common: none passes for another', () => {
    expect(own.isCode(id, own.matchCode(id))).toBe(false)
    expect(own.isMatchCode(id, own.code(id))).toBe(false)
    expect(own.isCode(id, own.confirmationToken(id))).toBe(false)
  })
})
