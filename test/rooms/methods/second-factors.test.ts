// Every second factor passes the suite.
import { describeSecondFactor, type FactorOwner } from '../../conformance/second-factor.js'
import { enrol, tryCreateCodes, tryStepUpWith } from '../../support/authenticator.js'
import { dataOf } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import type { TestService } from '../../support/start-service.js'
import type { Tables } from '../../support/tables.js'
import { createTestPinMethod } from '../../support/test-pin/method.js'

const withApp = async (idem: TestService) => {
  const key = new KeyOwner(idem)
  const { accountId, accessToken } = await key.signIn()
  return { key, accountId, ...(await enrol(idem, { accessToken })) }
}

const malformedCodes = ['', ' ', 'x', '☃'.repeat(50), '0'.repeat(1_000)].map((code) => ({ code }))

describeSecondFactor({
  name: 'totp',
  async newOwner(idem): Promise<FactorOwner> {
    const { app, ...owner } = await withApp(idem)
    return { ...owner, prove: () => ({ code: app.code() }) }
  },
  // Right for nobody but by a chance of one in 300,000.
  wrongProof: { code: '000000' },
  malformedProofs: malformedCodes,
  servesOnce: true,
})

describeSecondFactor({
  name: 'recoveryCode',
  async newOwner(idem): Promise<FactorOwner> {
    const { app: _app, ...owner } = await withApp(idem)
    const codes: string[] = dataOf(await tryCreateCodes(idem, owner.accessToken)).createRecoveryCodes
    return { ...owner, prove: () => ({ code: codes.pop() ?? '' }) }
  },
  wrongProof: { code: 'AAAA-AAAA-AAAA-AAAA' },
  malformedProofs: malformedCodes,
  servesOnce: true,
})

const pins = new Map<string, string>()

describeSecondFactor({
  name: 'testPin',
  definition: createTestPinMethod(pins),
  async newOwner(idem, tables: Tables): Promise<FactorOwner> {
    const key = new KeyOwner(idem)
    const { accountId, ...signedIn } = await key.signIn()
    pins.set(accountId, '493817')
    await tables.query("update account set level = 'aal2' where id = $1", [accountId])
    const issued = await idem.askAs(
      signedIn.accessToken,
      'mutation { issueChallenge(input: { testPin: {} }, purpose: STEP_UP) { id } }',
    )
    const answer = { challengeId: dataOf(issued).issueChallenge.id, proof: { testPin: { pin: '493817' } } }
    const { accessToken } = dataOf(await tryStepUpWith(idem, signedIn.accessToken, answer)).stepUp
    return { key, accountId, accessToken, prove: () => ({ pin: '493817' }) }
  },
  wrongProof: { pin: '000000' },
  malformedProofs: [],
  servesOnce: false,
})
