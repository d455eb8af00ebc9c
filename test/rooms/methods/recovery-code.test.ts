// Recovery codes: shown once, each stands in for any second factor once, replaced as a set.
import { expect, test } from 'vitest'
import { codesPerSet } from '../../../src/methods/recovery-code/recovery-code.js'
import {
  enrol,
  proveKey,
  sessionOf,
  tryCreateCodes,
  trySignInWith,
  tryStepUpWith,
} from '../../support/authenticator.js'
import { atOnce, codeOf, dataOf, tally } from '../../support/calls.js'
import { EmailOwner } from '../../support/email-owner.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const { idem, tables } = await serviceOfFile()

/** Somebody with a key, an app and codes. */
const somebody = async () => {
  const key = new KeyOwner(idem)
  const signedIn = await key.signIn()
  const { app, accessToken } = await enrol(idem, signedIn)
  const codes: string[] = dataOf(await tryCreateCodes(idem, accessToken)).createRecoveryCodes
  const [code = ''] = codes
  return { key, app, accountId: signedIn.accountId, accessToken, codes, code }
}

const proofOf = (code: string) => ({ recoveryCode: { code } })

const codesLeft = async (accessToken: string) => {
  const { me } = dataOf(await idem.askAs(accessToken, '{ me { secondFactors { method codesLeft } } }'))
  return me.secondFactors.find(({ method }: { method: string }) => method === 'recoveryCode')?.codesLeft
}

test('ten codes, all different, of which nothing but hashes is stored', async () => {
  const { codes, accountId, accessToken } = await somebody()
  expect(new Set(codes).size).toBe(codesPerSet)
  expect(codesPerSet).toBe(10)
  for (const code of codes)
    expect(code).toMatch(/^(?:[34679ACDEFGHJKMNPQRTWXY]{4}-){3}[34679ACDEFGHJKMNPQRTWXY]{4}$/)
  const stored = JSON.stringify(
    await tables.query('select to_jsonb(f) as row from second_factor f where account_id = $1', [accountId]),
  )
  for (const code of codes)
    for (const spelling of [code, code.replaceAll('-', '')]) expect(stored).not.toContain(spelling)
  expect(idem.logLines.join('\n')).not.toContain(codes[0])
  expect(await codesLeft(accessToken)).toBe(10)
})

test('a code answers the challenge of TOTP, once, in any spelling, and says how many are left', async () => {
  const { key, codes, code, accountId, accessToken } = await somebody()
  const challenge = await proveKey(idem, key)
  expect(challenge).toMatchObject({ method: 'totp', methods: ['totp', 'recoveryCode'] })
  const polled = await idem.ask('query ($id: ID!) { challenge(id: $id) { methods } }', { id: challenge.id })
  expect(dataOf(polled).challenge.methods).toEqual(['totp', 'recoveryCode'])
  const typed = ` ${code.toLowerCase().replaceAll('-', ' ')} `
  const { signIn } = dataOf(await trySignInWith(idem, proofOf(typed), challenge.id))
  expect(signIn.account.id).toBe(accountId)
  expect(await sessionOf(idem, signIn.tokens.accessToken)).toEqual({
    acr: 'aal2',
    amr: ['pop', 'otp', 'mfa'],
  })
  expect(await codesLeft(accessToken)).toBe(9)
  const again = await proveKey(idem, key)
  expect(codeOf(await trySignInWith(idem, proofOf(code), again.id))).toBe('PROOF_REJECTED')
  expect(codeOf(await trySignInWith(idem, proofOf(codes[1]?.replaceAll('-', '') ?? ''), again.id))).toBe(null)
  expect(codeOf(await trySignInWith(idem, proofOf(codes[2] ?? ''), again.id))).toBe('CHALLENGE_SPENT')
  const audited = await tables.query(
    "select detail, actor_id from audit_entry where account_id = $1 and action = 'recovery_code.used' order by id",
    [accountId],
  )
  expect(audited).toEqual([
    { detail: { left: 9, userAgent: expect.anything() }, actor_id: accountId },
    { detail: { left: 8, userAgent: expect.anything() }, actor_id: accountId },
  ])
})

test('it answers an emailed second factor too, and steps up without a challenge', async () => {
  const person = await somebody()
  const email = new EmailOwner(idem, unsentInbox(idem), 'codes-and-mail@example.com')
  dataOf(await email.tryLink(person.accessToken))
  // As for an account with a password, whose second factor is the mail.
  await tables.query("delete from second_factor where account_id = $1 and kind = 'totp'", [person.accountId])
  const challenge = await proveKey(idem, person.key)
  expect(challenge).toMatchObject({ method: 'email', methods: ['email', 'recoveryCode'] })
  expect(codeOf(await trySignInWith(idem, proofOf(person.code), challenge.id))).toBe(null)
  const stepUp = async (code = '') => await tryStepUpWith(idem, person.accessToken, { proof: proofOf(code) })
  expect(codeOf(await stepUp(person.codes[1]))).toBe(null)
  expect(codeOf(await stepUp(person.codes[1]))).toBe('PROOF_REJECTED')
  expect(await codesLeft(person.accessToken)).toBe(8)
})

test('where nothing else is left, the codes are the second factor', async () => {
  const { key, accountId, code } = await somebody()
  await tables.query("delete from second_factor where account_id = $1 and kind = 'totp'", [accountId])
  const challenge = await proveKey(idem, key)
  expect(challenge).toMatchObject({ method: 'recoveryCode', methods: ['recoveryCode'] })
  expect(codeOf(await trySignInWith(idem, proofOf(code), challenge.id))).toBe(null)
})

test('200 times the same code at once opens one session, and so do answers of forty challenges', async () => {
  const { key, code, codes, accessToken } = await somebody()
  const { id } = await proveKey(idem, key)
  const one = tally(await atOnce(200, async () => await trySignInWith(idem, proofOf(code), id)))
  expect(one['ok']).toBe(1)
  const ids = await Promise.all(Array.from({ length: 40 }, async () => (await proveKey(idem, key)).id))
  const many = tally(
    await atOnce(
      80,
      async (index) => await trySignInWith(idem, proofOf(codes[1] ?? ''), ids[index % 40] ?? ''),
    ),
  )
  expect(many['ok']).toBe(1)
  for (const refusal of Object.keys({ ...one, ...many }))
    expect(['ok', 'PROOF_REJECTED', 'CHALLENGE_SPENT']).toContain(refusal)
  expect(await codesLeft(accessToken)).toBe(8)
})

test('a new set replaces the former one, also at once', async () => {
  const { key, code, accessToken } = await somebody()
  const sets = await atOnce(10, async () => await tryCreateCodes(idem, accessToken))
  expect(tally(sets)).toEqual({ ok: 10 })
  const { id } = await proveKey(idem, key)
  expect(codeOf(await trySignInWith(idem, proofOf(code), id))).toBe('PROOF_REJECTED')
  let valid = 0
  for (const answer of sets) {
    const challenge = await proveKey(idem, key)
    const [first = ''] = dataOf(answer).createRecoveryCodes
    if (codeOf(await trySignInWith(idem, proofOf(first), challenge.id)) === null) valid += 1
  }
  expect(valid).toBe(1)
})

test("malformed codes cost no try; another account's code, or no challenge, opens nothing", async () => {
  const [one, other] = [await somebody(), await somebody()]
  const { id } = await proveKey(idem, one.key)
  for (const code of [
    '',
    'AAAA-AAAA-AAAA-AAA',
    `${one.code}A`,
    one.code.replace(/^./, '0'),
    'x'.repeat(10_000),
  ])
    for (let time = 0; time < 2; time += 1)
      expect(codeOf(await trySignInWith(idem, proofOf(code), id))).toBe('BAD_USER_INPUT')
  expect(codeOf(await trySignInWith(idem, proofOf(other.code), id))).toBe('PROOF_REJECTED')
  expect(codeOf(await trySignInWith(idem, proofOf(one.code)))).toBe('BAD_USER_INPUT')
  // A challenge of a first proof is not answered by what completes one.
  const first = await one.key.challenge()
  expect(codeOf(await trySignInWith(idem, proofOf(one.code), first.id))).toBe('PROOF_REJECTED')
  expect(codeOf(await trySignInWith(idem, proofOf(one.code), id))).toBe(null)
  expect(await codesLeft(other.accessToken)).toBe(10)
})

test('where the app is limited for wrong codes, the refusals leave the challenge to a recovery code', async () => {
  const { key, app, code, accessToken, accountId } = await somebody()
  for (let time = 0; time < 30; time += 1)
    await tryStepUpWith(idem, accessToken, { proof: { totp: { code: app.wrongCode() } } })
  const { id } = await proveKey(idem, key)
  for (let time = 0; time < 6; time += 1)
    expect(codeOf(await trySignInWith(idem, app.proof(), id))).toBe('RATE_LIMITED')
  expect(dataOf(await trySignInWith(idem, proofOf(code), id)).signIn.account.id).toBe(accountId)
})

test('codes are made with two factors shown recently, and go with the last factor', async () => {
  const key = new KeyOwner(idem)
  const single = await key.signIn()
  expect(codeOf(await tryCreateCodes(idem, single.accessToken))).toBe('CONFLICT')
  expect(codeOf(await tryCreateCodes(idem, (await signInAsGuest(idem)).accessToken))).toBe('CONFLICT')
  const { accessToken } = await enrol(idem, single)
  expect(codeOf(await tryCreateCodes(idem, single.accessToken))).toBe('STEP_UP_REQUIRED')
  dataOf(await tryCreateCodes(idem, accessToken))
  dataOf(await idem.askAs(accessToken, 'mutation { removeTotp { id } }'))
  expect(await codesLeft(accessToken)).toBe(undefined)
})

test('making and using them is told by mail, with how many are left', async () => {
  const person = await somebody()
  dataOf(await trySignInWith(idem, proofOf(person.code), (await proveKey(idem, person.key)).id))
  const jobs = await tables.query(
    `select a.action from outbox_entry o join audit_entry a on a.id::text = o.payload->>'auditEntryId'
     where a.account_id = $1 and o.job = 'send-notices' and a.action like 'recovery_code%' order by a.id`,
    [person.accountId],
  )
  expect(jobs.map(({ action }) => action)).toEqual(['recovery_codes.created', 'recovery_code.used'])
})
