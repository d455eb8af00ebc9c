// A reset beside a step-up: both end, because both lock the account before what it owns.
import { expect, test } from 'vitest'
import { secondFactorIn, tryStepUpWith } from '../../support/authenticator.js'
import { codeOf, dataOf } from '../../support/calls.js'
import { Device } from '../../support/device.js'
import { PasswordOwner, trySetPassword } from '../../support/password-owner.js'
import { mailedCode, newPassword, tryReset } from '../../support/reset.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const { idem, tables } = await serviceOfFile()
const inbox = unsentInbox(idem)

test('neither waits for the other while that one waits for it', async () => {
  const owner = await PasswordOwner.create(idem, inbox, null)
  const { accessToken, accountId } = owner.session
  const device = new Device(idem)
  dataOf(await device.register(accessToken))
  dataOf(await trySetPassword(idem, accessToken, 'three brown foxes'))
  // Uses of identities are written once a minute.
  idem.clock.advance(61)
  const { id, message, code } = await mailedCode(idem, inbox, owner.email.address)
  const challenge = await owner.key.challenge({ purpose: 'STEP_UP', accessToken })
  const second = secondFactorIn(await tryStepUpWith(idem, accessToken, owner.key.answer(challenge)))
  const proof = { email: { code: await owner.email.code(2) } }
  const waiting = async (count: number) =>
    await expect
      .poll(
        async () =>
          await tables.query(
            "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
          ),
      )
      .toHaveLength(count)
  // Something else has just used the address, so that the step-up stops between the two identities.
  await tables.query('begin')
  await tables.query("select 1 from identity where account_id = $1 and method = 'email' for update", [
    accountId,
  ])
  const stepUp = tryStepUpWith(idem, accessToken, { challengeId: second.id, proof })
  await waiting(1)
  const reset = tryReset(idem, { challengeId: id, code, newPassword, deviceSignature: device.sign(message) })
  await waiting(2)
  await tables.query('commit')
  expect(codeOf(await stepUp)).toBe(null)
  expect(codeOf(await reset)).toBe(null)
})
