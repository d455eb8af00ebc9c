// Begins the enrolment of TOTP: a new secret, which counts for nothing before a first code has confirmed it.
import { renderSVG } from 'uqr'
import type { Accounts } from '../../accounts/accounts.js'
import type { AuditLog } from '../../audit/audit-log.js'
import { requireSession } from '../../authorization/authorize.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import type { Identities } from '../../identities/identities.js'
import { enrolmentLifetimeSeconds } from '../../second-factors/second-factor.js'
import type { SecondFactors } from '../../second-factors/second-factors.js'
import type { SealNeeds } from '../../tokens/sealed-value.js'
import { newTotpSecret, sealTotpSecret, totpUriOf } from './totp-secret.js'

/** What `enrolTotp` works with. */
export interface EnrolTotpNeeds extends SealNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly secondFactors: SecondFactors
  readonly auditLog: AuditLog
  /** Where the service is reached, whose host names it in the app. */
  readonly publicUrl: string
}

/** A secret to take over into an authenticator app. */
export interface TotpEnrolment {
  /** In base32. */
  readonly secret: string
  readonly uri: string
  /** The URI as a QR code, in SVG. */
  readonly qrCode: string
  readonly expiresAt: Date
}

/**
 * A new secret, shown this once; an earlier enrolment that was not confirmed ends. `CONFLICT` for a guest, and for an
 * account that has a TOTP.
 */
export const enrolTotp = async (call: Call, needs: EnrolTotpNeeds): Promise<TotpEnrolment> => {
  const { accountId } = requireSession(call.principal)
  const account = await needs.accounts.get(call, accountId)
  if (account.kind === 'ANONYMOUS')
    throw new Failure('CONFLICT', 'A guest has no first factor yet. Link an identity first.')
  const [primary] = await needs.identities.listFirstAddresses(call, [accountId], 1)
  const secret = newTotpSecret(needs.random)
  const credential = { sealed: sealTotpSecret(needs, secret), step: null }
  await call.write(
    needs.secondFactors.enrolment(call, accountId, 'totp', credential),
    needs.auditLog.row(call, { action: 'second_factor.begun', accountId, detail: { method: 'totp' } }),
  )
  const label = account.handle ?? primary?.subject ?? account.id
  const uri = totpUriOf(secret, { issuer: new URL(needs.publicUrl).hostname, label })
  const expiresAt = new Date(call.now.getTime() + enrolmentLifetimeSeconds * 1000)
  return { secret, uri, qrCode: renderSVG(uri, { border: 4 }), expiresAt }
}
