// `idem passwords set`: sets or changes the password of the account.

import type { Command } from 'commander'
import { fetchWhoAmI } from '../../client/account.js'
import { removeDevice } from '../../client/devices.js'
import { IdemError } from '../../client/idem-error.js'
import { setPassword } from '../../client/password.js'
import type { Session } from '../../client/session.js'
import { askNewPassword } from '../ask-new-password.js'
import { CliError } from '../cli-error.js'
import { serverEntry, withServerEntry } from '../config.js'
import { defineCommand } from '../define-command.js'
import { withoutDeviceKey } from '../device-keys.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { type OwnDevice, registerThisMachine } from '../register-this-machine.js'
import { requireAccount } from '../require-account.js'
import { withStepUp } from '../with-step-up.js'

/** `idem passwords set` */
export const passwordsSetCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'set',
    summary: 'Set or change the password of your account',
    details:
      'Asks for it twice, without showing it; from a pipe, it is the first line. From then on every sign-in asks for ' +
      'two proofs, so the account needs a verified address or an authenticator app. A key of this machine is ' +
      'registered as a device, which confirms a reset should the password be forgotten.',
    examples: [
      'idem passwords set',
      'idem passwords set < password.txt',
      'idem passwords set --json < password.txt',
    ],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const session = openSession(connection)
    const { me } = await fetchWhoAmI(session)
    const owner = requireAccount(me)
    await connection.config.check()
    const newPassword = await askNewPassword(connection)
    // Before the password: afterwards the account asks for two proofs, for a device too.
    const own = await registerThisMachine(connection, session, owner)
    const account = await setOrTakeBack(connection, session, { newPassword, own })
    const { device } = own
    connection.output.result(
      { account, device },
      'The password is set. From now on every sign-in asks for two proofs.\n' +
        `This machine confirms a reset of it, by a key in ${connection.config.path} (device ${device.id}).`,
    )
  })

/** Sets the password. A device that was registered for it goes again where that fails. */
const setOrTakeBack = async (
  connection: Connection,
  session: Session,
  { newPassword, own }: { readonly newPassword: string; readonly own: OwnDevice },
) => {
  try {
    return await withStepUp(connection, { session, signWith: null }, () => setPassword(session, newPassword))
  } catch (error) {
    if (own.isNew) await forgetDevice(connection, session, own)
    if (!(error instanceof IdemError) || error.code !== 'CONFLICT') throw error
    throw new CliError('NO_SECOND_FACTOR', error.message, 'Set up an authenticator app: idem totp enrol', {
      cause: error,
    })
  }
}

const forgetDevice = async (
  { config, url }: Connection,
  session: Session,
  { device: { id, publicKey } }: OwnDevice,
): Promise<void> => {
  await removeDevice(session, id).catch(() => undefined) // the first failure is reported
  await config.update(async (before) =>
    withServerEntry(before, url, { deviceKeys: withoutDeviceKey(serverEntry(before, url), publicKey) }),
  )
}
