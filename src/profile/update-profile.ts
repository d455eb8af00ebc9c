// An owner changes its display name, language, primary address and notices.

import type { Account } from '../accounts/account.js'
import type { AccountProfile, Accounts } from '../accounts/accounts.js'
import type { AuditLog } from '../audit/audit-log.js'
import { requirePrincipal, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { Principal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import { parseAddress } from '../mail/address.js'
import { isLocale, type Locale, locales } from '../mail/locale.js'
import { parseShownText } from '../text/shown-text.js'

/** The changes: an absent field stays as it is, null clears it. */
export interface ProfileChanges {
  readonly displayName?: string | null | undefined
  readonly locale?: string | null | undefined
  readonly primaryEmail?: string | null | undefined
  readonly signInNotices?: boolean | null | undefined
}

/** What `updateProfile` works with. */
export interface UpdateProfileNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly auditLog: AuditLog
}

/**
 * Changes the caller's profile. `BAD_USER_INPUT` names an invalid field; then nothing is changed. Turning the notices
 * of sign-ins off needs a recent proof (`STEP_UP_REQUIRED`): they are how an owner learns of a token that was stolen.
 */
export const updateProfile = async (
  call: Call,
  changes: ProfileChanges,
  needs: UpdateProfileNeeds,
): Promise<Account> => {
  const principal = requirePrincipal(call.principal)
  const { accountId } = principal
  const wanted = parseProfile(changes)
  return await call.inTransaction(async (inner) => {
    // Locked, so that the address cannot be unlinked meanwhile.
    const account = await needs.accounts.lock(inner, accountId)
    if (typeof wanted.primaryEmail === 'string')
      await requireAddress(inner, { accountId, address: wanted.primaryEmail }, needs)
    const profile = differencesFrom(account, wanted)
    const fields = Object.keys(profile)
    if (fields.length === 0) return account
    if (profile.signInNotices === false) requireOwner(inner, account, principal)
    await needs.accounts.changeProfile(inner, accountId, profile)
    const detail = { changed: fields }
    await needs.auditLog.append(inner, { action: 'account.profile_updated', accountId, detail })
    return { ...account, ...profile }
  })
}

const parseLocale = (raw: string | null): Locale | null => {
  if (raw === null || isLocale(raw)) return raw
  throw new Failure('BAD_USER_INPUT', `locale must be one of ${locales.join(', ')}.`, { field: 'locale' })
}

const parseNotices = (raw: boolean | null): boolean => {
  if (raw !== null) return raw
  throw new Failure('BAD_USER_INPUT', 'signInNotices must be true or false.', { field: 'signInNotices' })
}

const parseProfile = ({
  displayName,
  locale,
  primaryEmail,
  signInNotices,
}: ProfileChanges): Partial<AccountProfile> => ({
  ...(displayName === undefined ? {} : { displayName: parseShownText(displayName, 'displayName') }),
  ...(locale === undefined ? {} : { locale: parseLocale(locale) }),
  ...(primaryEmail === undefined
    ? {}
    : { primaryEmail: primaryEmail === null ? null : parseAddress(primaryEmail, 'primaryEmail') }),
  ...(signInNotices === undefined ? {} : { signInNotices: parseNotices(signInNotices) }),
})

/** A guest has nothing that could be stepped up to, and no address that notices could be sent to. */
const requireOwner = (call: Call, { kind, level }: Account, principal: Principal): void => {
  if (kind !== 'ANONYMOUS')
    requireStepUp(principal, { acr: level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
}

/** The same error for another account's address and an unknown one, so that it discloses nothing about others. */
const requireAddress = async (
  call: Call,
  { accountId, address }: { readonly accountId: string; readonly address: string },
  needs: UpdateProfileNeeds,
): Promise<void> => {
  const addresses = await needs.identities.listAddresses(call, accountId)
  if (!addresses.some(({ subject }) => subject === address))
    throw new Failure('BAD_USER_INPUT', 'This is none of your verified addresses. Link it first.', {
      field: 'primaryEmail',
    })
}

const differencesFrom = (account: Account, wanted: Partial<AccountProfile>): Partial<AccountProfile> => {
  const current: AccountProfile = account
  return Object.fromEntries(
    Object.entries(wanted).filter(([field, value]) => current[field as keyof AccountProfile] !== value),
  )
}
