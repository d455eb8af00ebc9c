// Signs in as a guest with a secret in the config, so that it is the same guest each time.
import { IdemError } from '../client/idem-error.js'
import { answerAsGuest } from '../client/proof.js'
import { type SignedIn, signIn } from '../client/sign-in.js'
import { CliError } from './cli-error.js'
import { serverEntry, withServerEntry } from './config.js'
import { finishLogin } from './finish-login.js'
import { type Connection, deviceName } from './invocation.js'

/** Length of a guest's secret in bytes: 256 bits, so that it cannot be guessed. */
const deviceSecretBytes = 32

/**
 * Signs in with the stored secret; makes and stores one if there is none. `PROOF_REJECTED` once the guest has become a
 * person.
 */
export const logInAsGuest = async (connection: Connection): Promise<void> => {
  const { config, url, output } = connection
  output.progress(`Signing in at ${url} as a guest`)
  await config.check()
  const deviceSecret = await keptDeviceSecret(connection)
  const signedIn = await signInAsGuest(connection, deviceSecret)
  const login = { method: 'guest', accountId: signedIn.account.id } as const
  await finishLogin(connection, signedIn, { login })
  output.progress(`This guest is known by a secret in ${config.path}: whoever loses it loses the account.`)
}

/** Removes a secret whose guest has become a person elsewhere, so that the next login makes a new one. */
const signInAsGuest = async (connection: Connection, deviceSecret: string): Promise<SignedIn> => {
  const { machine, config, url, transport } = connection
  try {
    return await signIn(transport, answerAsGuest({ deviceSecret, deviceName: deviceName(machine) }))
  } catch (error) {
    if (!(error instanceof IdemError) || error.code !== 'PROOF_REJECTED') throw error
    await config.update(async (before) =>
      serverEntry(before, url).deviceSecret === deviceSecret
        ? withServerEntry(before, url, { deviceSecret: null })
        : before,
    )
    throw new CliError(
      'PROOF_REJECTED',
      error.message,
      'Sign in as that person (idem login), or start as a new guest: idem login --guest',
    )
  }
}

/** Stored before its first use, so that a guest account cannot be lost. */
const keptDeviceSecret = async ({ machine, config, url }: Connection): Promise<string> => {
  const fresh = Buffer.from(machine.randomBytes(deviceSecretBytes)).toString('base64')
  const after = await config.update(async (before) =>
    serverEntry(before, url).deviceSecret === null
      ? withServerEntry(before, url, { deviceSecret: fresh })
      : before,
  )
  return serverEntry(after, url).deviceSecret ?? fresh
}
