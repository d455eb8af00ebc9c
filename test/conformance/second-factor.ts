// The suite that every second factor passes: what `authentication/` relies on, whichever method completes a proof.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChallengeBinding, type FirstFactor, newChallenge } from '../../src/challenges/challenge.js'
import type { Call } from '../../src/database/call.js'
import { Failure } from '../../src/failure.js'
import type { SecondFactor, SecondFactorDefinition, ShownSecondFactor } from '../../src/methods/method.js'
import { systemRandom } from '../../src/runtime/random.js'
import { trySignInWith, tryStepUpWith } from '../support/authenticator.js'
import { atOnce, codeOf, dataOf, tally } from '../support/calls.js'
import { KeyOwner } from '../support/key-owner.js'
import type { TestService } from '../support/start-service.js'
import type { Tables } from '../support/tables.js'
import { callTo, openMethod } from './opened-method.js'

/** Somebody with a key whose account has the second factor. */
export interface FactorOwner {
  readonly key: KeyOwner
  readonly accountId: string
  /** Of a session that has shown two factors. */
  readonly accessToken: string
  /** A right proof, another one each time where a proof serves once. */
  prove(): object
}

/** What the suite needs to know of a second factor. */
export interface SecondFactorUnderTest {
  readonly name: string
  /** The method, where the registry has it not. */
  readonly definition?: SecondFactorDefinition
  newOwner(idem: TestService, tables: Tables): Promise<FactorOwner>
  /** A proof of the right form that nobody has. */
  readonly wrongProof: object
  /** Proofs of the right fields whose values are nonsense. */
  readonly malformedProofs: readonly object[]
  /** False where a proof is known for good, as a PIN is. */
  readonly servesOnce: boolean
}

/** RFC 8176 2. */
const registered =
  'face fpt geo hwk iris kba mca mfa mpin otp pin pop pwd rba retina sc sms swk tel user vbm wia'

const signInByKeyQuery =
  'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } secondFactor { id method methods } } }'
const linkQuery = `mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) {
  account { id } secondFactor { id } } }`

/** Declares the tests of one second factor. */
export const describeSecondFactor = (subject: SecondFactorUnderTest): void => {
  describe(`the second factor ${subject.name}`, () => {
    let idem: TestService
    let tables: Tables
    let method: SecondFactor
    beforeAll(async () => {
      const opened = await openMethod(subject)
      ;({ idem, tables } = opened)
      if (opened.method.kind !== 'second_factor') throw new Error(`${subject.name} is of another kind`)
      method = opened.method
    })
    afterAll(async () => {
      await tables.close()
      await idem.stop()
    })

    const call = (): Call => callTo(idem)

    const firstFactor: FirstFactor = {
      method: 'key',
      issuer: 'ed25519',
      subject: 'any',
      amr: ['pop'],
      deviceName: null,
    }

    const verify = async (accountId: string, proof: object): Promise<ShownSecondFactor> => {
      const draft = await method.challengeAfter(call(), accountId, firstFactor)
      if (draft === null) throw new Error('the account has no such factor')
      const binding: ChallengeBinding = { accountId, accountName: 'somebody', sessionId: null, firstFactor }
      const terms = {
        purpose: 'SIGN_IN' as const,
        domain: 'idem.test',
        nonce: systemRandom.uuid(),
        issuedAt: idem.clock.now(),
        expiresAt: new Date(idem.clock.now().getTime() + 30_000),
        accountName: 'somebody',
      }
      const challenge = newChallenge({ method: method.name, draft, terms, binding })
      return await method.verify(call(), { proof, challenge, purpose: 'SIGN_IN', accountId })
    }

    /** Runs `work` and asserts that it wrote nothing. */
    const readingOnly = async <T>(work: () => Promise<T>): Promise<T> => {
      const before = await tables.contents()
      const result = await work()
      expect(await tables.contents()).toEqual(before)
      return result
    }

    const refusalOf = async (work: () => Promise<unknown>): Promise<Failure> => {
      const thrown = await work().then(
        () => new Error('it was taken'),
        (error: unknown) => error,
      )
      if (!(thrown instanceof Failure)) throw thrown
      return thrown
    }

    const proofOf = (value: object): object => ({ [subject.name]: value })

    const proveKey = async ({ key }: FactorOwner): Promise<{ id: string; methods: string[] }> =>
      dataOf(await idem.ask(signInByKeyQuery, { input: key.answer(await key.challenge()) })).signIn
        .secondFactor

    const newOwner = async (): Promise<FactorOwner> => await subject.newOwner(idem, tables)

    /** What an answer can change: not the challenge that it answers, whose tries are counted. */
    const proven = async (): Promise<Record<string, string>> => {
      const { held_challenge: _held, ...rest } = await tables.contents()
      return rest
    }

    test('says what it is: a name, a sentence, words, registered values', async () => {
      const owner = await newOwner()
      expect(method.name).toMatch(/^[a-z]+[A-Za-z]*$/)
      expect(method.description).not.toBe('')
      for (const { name, identity } of Object.values(method.words)) expect([name, identity]).not.toContain('')
      expect(method.challenge === undefined).toBe(method.request === undefined)
      const { amr } = await readingOnly(async () => await verify(owner.accountId, owner.prove()))
      expect(amr).not.toEqual([])
      for (const value of amr) expect(registered.split(' ')).toContain(value)
    })

    test('it is asked of whom has it, and reading tells that', async () => {
      const owner = await newOwner()
      const { accountId } = await new KeyOwner(idem).signIn()
      await readingOnly(async () => {
        expect(await method.challengeAfter(call(), owner.accountId, firstFactor)).toMatchObject({
          keeping: { by: 'service' },
        })
        expect(await method.challengeAfter(call(), accountId, firstFactor)).toBe(null)
        if (method.standsIn === undefined) return
        expect(await method.standsIn(call(), owner.accountId)).toBe(true)
        expect(await method.standsIn(call(), accountId)).toBe(false)
      })
      expect((await proveKey(owner)).methods).toContain(subject.name)
    })

    test("a wrong proof, and another account's, are refused with PROOF_REJECTED and a private reason", async () => {
      const [owner, other] = [await newOwner(), await newOwner()]
      const wrong = [subject.wrongProof, ...(subject.servesOnce ? [other.prove()] : [])]
      for (const proof of wrong) {
        const refusal = await readingOnly(
          async () => await refusalOf(async () => await verify(owner.accountId, proof)),
        )
        expect(refusal.code).toBe('PROOF_REJECTED')
        expect(refusal.details.reason).toBeTruthy()
        expect(refusal.message).not.toContain(refusal.details.reason)
      }
    })

    test.each(subject.malformedProofs.map((proof) => [JSON.stringify(proof).slice(0, 60), proof] as const))(
      'over HTTP: the malformed proof %s is refused twice, costs no try and leaves nothing behind',
      async (_shown, malformed) => {
        const owner = await newOwner()
        const { id } = await proveKey(owner)
        const before = await tables.contents()
        for (let time = 0; time < 6; time += 1)
          expect(codeOf(await trySignInWith(idem, proofOf(malformed), id))).toBe('BAD_USER_INPUT')
        expect(await tables.contents()).toEqual(before)
        expect(codeOf(await trySignInWith(idem, proofOf(owner.prove()), id))).toBe(null)
      },
    )

    test('over HTTP: alone it signs nobody in and links nothing', async () => {
      const owner = await newOwner()
      const before = await tables.contents()
      const input = { proof: proofOf(owner.prove()) }
      expect(codeOf(await idem.ask(signInByKeyQuery, { input }))).toBe('BAD_USER_INPUT')
      expect(codeOf(await idem.askAs(owner.accessToken, linkQuery, { input }))).toBe('BAD_USER_INPUT')
      const stranger = await new KeyOwner(idem).challenge()
      expect(codeOf(await trySignInWith(idem, proofOf(owner.prove()), stranger.id))).toBe('PROOF_REJECTED')
      expect(await tables.contents()).toEqual({ ...before })
    })

    test("over HTTP: another account's challenge, and another purpose, are not answered", async () => {
      const [owner, other] = [await newOwner(), await newOwner()]
      const foreign = await proveKey(other)
      const own = await proveKey(owner)
      const before = await proven()
      if (subject.servesOnce)
        expect(codeOf(await trySignInWith(idem, proofOf(owner.prove()), foreign.id))).toBe('PROOF_REJECTED')
      const asStepUp = { proof: proofOf(owner.prove()), challengeId: own.id }
      for (let time = 0; time < 2; time += 1)
        expect(codeOf(await tryStepUpWith(idem, owner.accessToken, asStepUp))).toBe('PROOF_REJECTED')
      expect(await proven()).toEqual(before)
      expect(codeOf(await trySignInWith(idem, proofOf(owner.prove()), own.id))).toBe(null)
    })

    test('over HTTP: of 200 right answers at once one opens a session of aal2; the next use needs another proof', async () => {
      const owner = await newOwner()
      const sessions = async (): Promise<number> =>
        (
          await tables.query('select count(*)::int as live from session where account_id = $1', [
            owner.accountId,
          ])
        )[0].live
      const opened = await sessions()
      const { id } = await proveKey(owner)
      const proof = proofOf(owner.prove())
      const answers = await atOnce(200, async () => await trySignInWith(idem, proof, id))
      expect(tally(answers)['ok']).toBe(1)
      const { ok: _one, CHALLENGE_SPENT: _spent, PROOF_REJECTED: _rejected, ...others } = tally(answers)
      expect(others).toEqual({})
      expect(await sessions()).toBe(opened + 1)
      const again = await trySignInWith(idem, proof, (await proveKey(owner)).id)
      expect(codeOf(again)).toBe(subject.servesOnce ? 'PROOF_REJECTED' : null)
    })

    test('over HTTP: five wrong answers burn the challenge, however many come at once', async () => {
      const owner = await newOwner()
      const { id } = await proveKey(owner)
      const answers = await atOnce(50, async () => await trySignInWith(idem, proofOf(subject.wrongProof), id))
      expect(tally(answers)).toEqual({ PROOF_REJECTED: 5, CHALLENGE_SPENT: 45 })
      expect(codeOf(await trySignInWith(idem, proofOf(owner.prove()), id))).toBe('CHALLENGE_SPENT')
    })

    test('over HTTP: too late it is refused, and nothing is used up', async () => {
      const owner = await newOwner()
      const { id } = await proveKey(owner)
      idem.clock.advance(15 * 60)
      const before = await tables.contents()
      expect(codeOf(await trySignInWith(idem, proofOf(owner.prove()), id))).toBe('CHALLENGE_EXPIRED')
      expect(await tables.contents()).toEqual(before)
    })
  })
}
