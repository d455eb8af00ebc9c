// The suite that every method passes: what `authentication/` relies on, whichever method a proof is of.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Challenge,
  type ChallengeBinding,
  type ChallengePurpose,
  newChallenge,
} from '../../src/challenges/challenge.js'
import type { Call } from '../../src/database/call.js'
import { Failure } from '../../src/failure.js'
import type { IdentityDefinition, IdentityMethod, ShownIdentity } from '../../src/methods/method.js'
import { systemRandom } from '../../src/runtime/random.js'
import { isStorable } from '../../src/text/stored-text.js'
import { atOnce, codeOf, dataOf, tally } from '../support/calls.js'
import type { TestService } from '../support/start-service.js'
import type { Tables } from '../support/tables.js'
import { callTo, openMethod } from './opened-method.js'

/** Somebody who can prove one identity by the method. */
export interface Prover {
  /** The input that asks for a challenge; null where the method has none. */
  readonly request: object | null
  /** The proof that answers a challenge. */
  prove(challenge: Challenge | null): object
}

/** What the suite needs to know of a method. */
export interface MethodUnderTest {
  readonly name: string
  /** The method, where the registry has it not. */
  readonly definition?: IdentityDefinition
  /**
   * Makes somebody with an identity of its own, unknown where the method provisions, else linked already.
   */
  newProver(idem: TestService): Prover | Promise<Prover>
  /** True if its owner sets it, by a mutation of its own, and it opens an account only with a second factor. */
  readonly isHalf?: true
  /** Proofs of the right fields whose values are nonsense. */
  readonly malformedProofs: readonly object[]
}

/** A proof may be refused as no proof, or as unreadable; never otherwise. */
const refusals = ['PROOF_REJECTED', 'BAD_USER_INPUT']

/** Declares the tests of one method. */
export const describeMethod = (subject: MethodUnderTest): void => {
  describe(`the method ${subject.name}`, () => {
    let idem: TestService
    let tables: Tables
    let method: IdentityMethod
    beforeAll(async () => {
      const opened = await openMethod(subject)
      ;({ idem, tables } = opened)
      if (opened.method.kind !== 'identity') throw new Error(`${subject.name} is of another kind`)
      method = opened.method
    })
    afterAll(async () => {
      await tables.close()
      await idem.stop()
    })

    const call = (): Call => callTo(idem)

    const bindingOf = (purpose: ChallengePurpose): ChallengeBinding | null =>
      purpose === 'SIGN_IN'
        ? null
        : {
            accountId: systemRandom.uuid(),
            accountName: 'somebody',
            sessionId: systemRandom.uuid(),
            firstFactor: null,
          }

    const challengeOf = async (
      prover: Prover,
      purpose: ChallengePurpose = 'SIGN_IN',
    ): Promise<Challenge | null> => {
      if (prover.request === null || method.challenge === undefined) return null
      const binding = bindingOf(purpose)
      const aim = { purpose, accountId: binding?.accountId ?? null }
      const draft = await method.challenge(call(), prover.request, aim)
      const issuedAt = idem.clock.now()
      const terms = {
        purpose,
        domain: 'idem.test',
        nonce: draft.keeping.by === 'asker' ? systemRandom.bytes(16).toString('hex') : systemRandom.uuid(),
        issuedAt,
        expiresAt: new Date(issuedAt.getTime() + 30_000),
        accountName: binding?.accountName ?? null,
      }
      return newChallenge({ method: method.name, draft, terms, binding })
    }

    const verify = async (proof: object, challenge: Challenge | null): Promise<ShownIdentity> => {
      const purpose = challenge?.purpose ?? 'SIGN_IN'
      return await method.verify(call(), {
        proof,
        challenge,
        purpose,
        accountId: challenge?.accountId ?? null,
      })
    }

    const refusalOf = async (proof: object, challenge: Challenge | null): Promise<Failure> => {
      const thrown = await verify(proof, challenge).then(
        (proven) => new Error(`it proved ${proven.subject}`),
        (error: unknown) => error,
      )
      if (!(thrown instanceof Failure)) throw thrown
      return thrown
    }

    /** Runs `work` and asserts that it wrote nothing. */
    const readingOnly = async <T>(work: () => Promise<T>): Promise<T> => {
      const before = await tables.contents()
      const result = await work()
      expect(await tables.contents()).toEqual(before)
      return result
    }

    /** What a proof can change: not the challenge that it answers, where we hold that. */
    const proven = async (): Promise<Record<string, string>> => {
      const { held_challenge: _held, mail: _mail, outbox_entry: _jobs, ...rest } = await tables.contents()
      return rest
    }

    test('says what it is: a name, a sentence, words, registered values', async () => {
      expect(method.name).toMatch(/^[a-z]+[A-Za-z]*$/)
      expect(method.description).not.toBe('')
      // RFC 8176 2.
      const registered =
        'face fpt geo hwk iris kba mca mfa mpin otp pin pop pwd rba retina sc sms swk tel user vbm wia'
      const prover = await subject.newProver(idem)
      const challenge = await challengeOf(prover)
      const { amr, acr } = await verify(prover.prove(challenge), challenge)
      for (const value of amr) expect(registered.split(' ')).toContain(value)
      expect(['aal0', 'aal1', 'aal2']).toContain(acr)
      expect(method.provisions === 'ANONYMOUS').toBe(acr === 'aal0')
      for (const { name, identity } of Object.values(method.words)) expect([name, identity]).not.toContain('')
      expect(method.challenge === undefined).toBe(method.request === undefined)
      expect(method.needsChallenge && method.challenge === undefined).toBe(false)
      expect(method.provisions === null && !method.links).toBe(subject.isHalf === true)
    })

    test('a proof leads to the same subject twice, and only reads', async () => {
      const prover = await subject.newProver(idem)
      const proven = await readingOnly(async () => {
        const challenges = [await challengeOf(prover), await challengeOf(prover)]
        return await Promise.all(
          challenges.map(async (challenge) => await verify(prover.prove(challenge), challenge)),
        )
      })
      expect(proven[0]?.subject).not.toBe('')
      expect(proven[0]?.issuer).not.toBe('')
      const identityOf = (shown: ShownIdentity | undefined) => [shown?.issuer, shown?.subject]
      expect(identityOf(proven[1])).toEqual(identityOf(proven[0]))
    })

    test("another's proof leads to another subject", async () => {
      const subjects = new Set<string>()
      for (let index = 0; index < 10; index++) {
        const prover = await subject.newProver(idem)
        const challenge = await challengeOf(prover)
        subjects.add((await verify(prover.prove(challenge), challenge)).subject)
      }
      expect(subjects.size).toBe(10)
    })

    test("a challenge answered with another's proof is refused with PROOF_REJECTED and a private reason", async () => {
      const [asker, other] = [await subject.newProver(idem), await subject.newProver(idem)]
      const challenge = await challengeOf(asker)
      // Where the challenge names nobody, the proof says who it is of.
      if (challenge === null || challenge.subject === null) return
      const refusal = await readingOnly(() => refusalOf(other.prove(challenge), challenge))
      expect(refusal.code).toBe('PROOF_REJECTED')
      expect(refusal.details.reason).toBeTruthy()
      expect(refusal.message).not.toContain(refusal.details.reason)
    })

    test('a proof of one challenge does not answer another, of whatever purpose', async () => {
      const prover = await subject.newProver(idem)
      if (prover.request === null) return
      const proof = prover.prove(await challengeOf(prover))
      for (const purpose of ['SIGN_IN', 'LINK_IDENTITY', 'STEP_UP'] as const) {
        const challenge = await challengeOf(prover, purpose)
        expect((await refusalOf(proof, challenge)).code).toBe('PROOF_REJECTED')
      }
    })

    test('the text to answer names the domain, the purpose, the nonce and the expiry', async () => {
      const prover = await subject.newProver(idem)
      for (const purpose of ['SIGN_IN', 'LINK_IDENTITY', 'STEP_UP'] as const) {
        const challenge = await challengeOf(prover, purpose)
        if (challenge === null || challenge.message === null) continue
        for (const part of ['idem.test', purpose, challenge.nonce, challenge.expiresAt.toISOString()])
          expect(challenge.message).toContain(part)
        if (purpose !== 'SIGN_IN') expect(challenge.message).toContain('somebody')
      }
    })

    test('a proof without its challenge is refused with PROOF_REJECTED', async () => {
      const prover = await subject.newProver(idem)
      if (prover.request === null) return
      const proof = prover.prove(await challengeOf(prover))
      expect((await refusalOf(proof, null)).code).toBe('PROOF_REJECTED')
    })

    test.each(subject.malformedProofs.map((proof) => [JSON.stringify(proof).slice(0, 60), proof] as const))(
      'the malformed proof %s is refused and crashes nothing',
      async (_shown, proof) => {
        const challenge = await challengeOf(await subject.newProver(idem))
        const refusal = await readingOnly(() => refusalOf(proof, challenge))
        expect(refusals).toContain(refusal.code)
        if (refusal.code === 'BAD_USER_INPUT') expect(refusal.details.field).toBeTruthy()
      },
    )

    const issueQuery = 'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { id } }'
    const signInQuery =
      'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned account { id kind } tokens { accessToken } secondFactor { id } } }'

    const signInOver = async (prover: Prover, change: object = {}) => {
      if (prover.request === null)
        return await idem.ask(signInQuery, {
          input: { proof: { [subject.name]: { ...prover.prove(null), ...change } } },
        })
      const issued = dataOf(await idem.ask(issueQuery, { input: { [subject.name]: prover.request } }))
      const { id } = issued.issueChallenge
      const found = await idem.foundation.challenges.find(call(), id)
      const proof = { ...prover.prove(found?.challenge ?? null), ...change }
      return await idem.ask(signInQuery, { input: { challengeId: id, proof: { [subject.name]: proof } } })
    }

    test('over HTTP: the first proof provisions an account of its kind where the method does, the second finds it', async () => {
      const prover = await subject.newProver(idem)
      const provisions = method.provisions !== null
      if (subject.isHalf) {
        const half = dataOf(await signInOver(prover)).signIn
        expect(half).toMatchObject({ account: null, tokens: null, provisioned: false })
        expect(half.secondFactor.id).toEqual(expect.any(String))
        return
      }
      const first = dataOf(await signInOver(prover)).signIn
      expect(first).toMatchObject({
        provisioned: provisions,
        account: { kind: method.provisions ?? 'PERSON' },
      })
      const second = dataOf(await signInOver(prover)).signIn
      expect(second).toMatchObject({ provisioned: false, account: first.account })
      const { session } = dataOf(await idem.askAs(second.tokens.accessToken, '{ session { amr acr } }'))
      const challenge = await challengeOf(prover)
      const { amr, acr } = await verify(prover.prove(challenge), challenge)
      expect(session).toEqual({ amr, acr })
    })

    test('over HTTP: one proof, sent a hundred times at once, signs in once where it answers a challenge', async () => {
      const prover = await subject.newProver(idem)
      if (prover.request === null) return
      const issued = dataOf(await idem.ask(issueQuery, { input: { [subject.name]: prover.request } }))
      const { id } = issued.issueChallenge
      const found = await idem.foundation.challenges.find(call(), id)
      const proof = { [subject.name]: prover.prove(found?.challenge ?? null) }
      const answers = await atOnce(100, () => idem.ask(signInQuery, { input: { challengeId: id, proof } }))
      expect(tally(answers)['ok']).toBe(1)
      const { ok: _one, CHALLENGE_SPENT: _spent, PROOF_REJECTED: _rejected, ...others } = tally(answers)
      expect(others).toEqual({})
    })

    test.each(subject.malformedProofs.map((proof) => [JSON.stringify(proof).slice(0, 60), proof] as const))(
      'over HTTP: the malformed proof %s leaves nothing behind',
      async (_shown, proof) => {
        const prover = await subject.newProver(idem)
        const before = await proven()
        const answer = await signInOver(prover, proof)
        expect(await proven()).toEqual(before)
        expect(refusals).toContain(codeOf(answer))
        // What cannot be stored is refused with the whole request.
        const isText = Object.values(proof).every((value) => value === null || isStorable(String(value)))
        expect(answer.status).toBe(isText ? 200 : 400)
      },
    )
  })
}
