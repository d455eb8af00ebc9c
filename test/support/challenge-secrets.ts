// The code and the link of a challenge's mail, derived as the worker derives them, without waiting for the mail.
import { Call } from '../../src/database/call.js'
import type { TestService } from './start-service.js'

/** The code and the link of a held challenge. */
export const secretsOfChallenge = async (
  idem: TestService,
  challengeId: string,
): Promise<{ readonly code: string; readonly link: string }> => {
  const call = new Call(idem.foundation.database, {
    principal: null,
    now: idem.clock.now(),
    requestId: 'test',
    source: { network: '192.0.2.1', address: '192.0.2.1', userAgent: null, acceptLanguage: null },
  })
  const found = await idem.foundation.challenges.find(call, challengeId)
  if (found === null) throw new Error(`no challenge ${challengeId}`)
  const { heldSecrets } = idem.foundation
  const { nonce } = found.challenge
  return {
    code: heldSecrets.code(nonce),
    link: `${idem.url}/confirm?token=${heldSecrets.confirmationToken(nonce)}`,
  }
}
