// Unlinks an identity of the account, and removes from the config what has become useless by that.

import { type Identity, unlinkIdentity } from '../client/account.js'
import type { Session } from '../client/session.js'
import { serverEntry, withServerEntry } from './config.js'
import { withoutEmailKey } from './email-keys.js'
import { isOfLogin } from './identity-list.js'
import type { Connection } from './invocation.js'
import { signOut } from './sign-out.js'
import { withStepUp } from './with-step-up.js'

/** The identity to remove, and the means for a step-up. */
export interface Removal {
  readonly session: Session
  readonly identity: Pick<Identity, 'id' | 'method' | 'subject'>
  /** The file of `--sign-with`; null for the login's own proof. */
  readonly signWith: string | null
}

/** Returns true if it was the identity of this login, which is then signed out. */
export const removeIdentity = async (
  connection: Connection,
  { session, identity, signWith }: Removal,
): Promise<boolean> => {
  const { config, url, kept } = connection
  await withStepUp(connection, { session, signWith }, () => unlinkIdentity(session, identity.id))
  await config.update(async (before) => {
    const emailKeys = withoutEmailKey(serverEntry(before, url), identity.subject)
    return withServerEntry(before, url, { emailKeys })
  })
  if (!isOfLogin(identity, kept.login)) return false
  // A session that another proof has opened goes on without the identity, so it is ended here.
  await signOut(connection, ({ login }) => isOfLogin(identity, login))
  return true
}
