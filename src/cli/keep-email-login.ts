// The end of a login by mail: links a key of this machine, so that the next login needs no mail.

import { unlinkIdentity } from '../client/account.js'
import { IdemError } from '../client/idem-error.js'
import { linkIdentity } from '../client/link-identity.js'
import { answerWithKey } from '../client/proof.js'
import type { SignedIn } from '../client/sign-in.js'
import { endSession } from '../client/tokens.js'
import { type Transport, withBearer } from '../client/transport.js'
import type { EmailKey } from './config.js'
import { foldAddress } from './email-keys.js'
import { finishLogin } from './finish-login.js'
import { type Connection, deviceName } from './invocation.js'
import { generatePrivateKey } from './private-key.js'

/** A linked key, and the id of its identity, with which it can be unlinked. */
interface LinkedKey {
  readonly emailKey: EmailKey
  readonly identityId: string
}

/**
 * Links a new key to the account, stores it and the session, and prints who is signed in. If the key cannot be linked,
 * the session is stored without one; if nothing can be stored, the key is unlinked and the session ended.
 */
export const keepEmailLogin = async (
  connection: Connection,
  signedIn: SignedIn,
  address: string,
): Promise<void> => {
  const bearer = withBearer(connection.transport, signedIn.tokens.accessToken)
  const linked = await linkNewKey(connection, bearer, { signedIn, address })
  const accountId = signedIn.account.id
  const publicKey = linked?.emailKey.publicKey ?? null
  const login = { method: 'email', accountId, address, publicKey } as const
  try {
    await finishLogin(connection, signedIn, { login, emailKey: linked?.emailKey ?? null })
  } catch (error) {
    await giveUp(bearer, linked)
    throw error
  }
  if (linked === null) return
  connection.output.progress(
    `A key for this machine is in ${connection.config.path}: from now on no mail is needed here.`,
  )
}

const linkNewKey = async (
  connection: Connection,
  bearer: Transport,
  { signedIn: { account }, address }: { readonly signedIn: SignedIn; readonly address: string },
): Promise<LinkedKey | null> => {
  const { signer, pem } = generatePrivateKey()
  try {
    const answer = await answerWithKey(bearer, signer, { purpose: 'LINK_IDENTITY' })
    const linked = await linkIdentity(bearer, { ...answer, label: deviceName(connection.machine) })
    if (linked.outcome !== 'linked') throw new IdemError('CONFLICT', 'The new key is not new.')
    const emailKey = {
      address: foldAddress(address),
      accountId: account.id,
      publicKey: signer.publicKey,
      privateKey: pem,
      handle: account.handle,
    }
    return { emailKey, identityId: linked.identity.id }
  } catch (error) {
    if (!(error instanceof IdemError)) throw error
    connection.output.warn(
      `no key could be made for this machine: ${error.message} The next login needs a mail.`,
    )
    return null
  }
}

const giveUp = async (bearer: Transport, linked: LinkedKey | null): Promise<void> => {
  try {
    if (linked !== null) await unlinkIdentity(bearer, linked.identityId)
    await endSession(bearer)
  } catch (error) {
    if (!(error instanceof IdemError)) throw error // otherwise the first failure is reported
  }
}
