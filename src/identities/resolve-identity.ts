// Every proof leads to one account: the one it is known to, or a new one (registration is the first authentication).
import type { Account, AccountKind } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import { Failure } from '../failure.js'
import { chooseLocale } from '../mail/locale.js'
import type { Random } from '../runtime/random.js'
import type { Identities } from './identities.js'
import type { ProvenIdentity } from './identity.js'

/** The account behind a proof, and the rows to write when it is new. */
export interface ResolvedIdentity {
  readonly account: Account
  readonly identityId: string
  readonly provisioned: boolean
  /** True when the account had a verified address before. */
  readonly hasAddress: boolean
  /** To be written in the transaction of what the proof allows. */
  readonly rows: readonly Row[]
}

/** What `resolveIdentity` works with. */
export interface ResolveIdentityNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly auditLog: AuditLog
  readonly random: Random
}

/** What a proof showed, with what the account is to be if it is new. */
export interface IdentityClaim {
  readonly proven: ProvenIdentity
  /** The handle claimed with the proof, in canonical form, or null. */
  readonly handle: string | null
  readonly provisions: AccountKind
}

/**
 * Finds the account that a proven identity leads to, or provisions one.
 * Refuses with `PROOF_REJECTED` when the claimed handle belongs to another account: nothing is ever associated.
 */
export const resolveIdentity = async (
  call: Call,
  claim: IdentityClaim,
  needs: ResolveIdentityNeeds,
): Promise<ResolvedIdentity> => {
  const { found, handleOwner } = await needs.identities.lookUp(call, claim.proven, claim.handle)
  if (found === null) {
    if (handleOwner !== null) throw mismatch(`unknown ${claim.proven.method} for a handle that is taken`)
    return provision(call, claim, needs)
  }
  if (claim.handle !== null && handleOwner !== found.account.id)
    throw mismatch(`the handle is not that of account ${found.account.id}`)
  return { ...found, provisioned: false, rows: [] }
}

const mismatch = (reason: string): Failure =>
  new Failure('PROOF_REJECTED', 'This proof does not sign in under that handle.', { reason })

const provision = (call: Call, claim: IdentityClaim, needs: ResolveIdentityNeeds): ResolvedIdentity => {
  const account: Account = {
    id: needs.random.uuid(),
    kind: claim.provisions,
    handle: claim.handle,
    displayName: null,
    locale: call.source.acceptLanguage === null ? null : chooseLocale(call.source.acceptLanguage),
    primaryEmail: null,
    signInNotices: true,
    suspendedAt: null,
    createdAt: call.now,
  }
  const identityId = needs.random.uuid()
  const { method } = claim.proven
  return {
    account,
    identityId,
    provisioned: true,
    hasAddress: false,
    rows: [
      ...needs.accounts.rows(account),
      needs.identities.row({
        id: identityId,
        account: account.id,
        ...claim.proven,
        label: null,
        createdAt: call.now,
      }),
      needs.auditLog.row(call, {
        action: 'account.provisioned',
        accountId: account.id,
        actorId: account.id,
        detail: { method, identityId },
      }),
    ],
  }
}
