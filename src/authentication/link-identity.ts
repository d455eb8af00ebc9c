// Links an identity: the caller proves control of a further identity, which then leads to the caller's account.

import { type Account, firstLevelOf } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { assertNever, Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import type { Identity } from '../identities/identity.js'
import {
  type IdentityClaim,
  type OpenedIdentity,
  type OpenIdentityNeeds,
  openIdentity,
} from '../identities/open-identity.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Sessions } from '../sessions/sessions.js'
import { parseShownText } from '../text/shown-text.js'
import { noteRejectedProof } from './note-rejected-proof.js'
import type { StandingChallenge } from './standing-challenge.js'
import type { VerifiedIdentity } from './verified-proof.js'
import { type SubmittedProof, type VerifyProofNeeds, verifyProof } from './verify-proof.js'
import { type WantSecondFactorNeeds, wantSecondFactor } from './want-second-factor.js'

/** What `linkIdentity` works with. */
export interface LinkIdentityNeeds
  extends VerifyProofNeeds,
    OpenIdentityNeeds,
    WantSecondFactorNeeds,
    AnnounceActNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly sessions: Sessions
  readonly metrics: Metrics
}

/** A further identity to link, and the owner's label for it. */
export interface LinkRequest extends SubmittedProof {
  readonly label: string | null
}

/** The account with its new identity. */
interface LinkedIdentity {
  readonly account: Account
  readonly identity: Identity
}

/**
 * The result of linking: the account with its new identity, or the challenge of a second factor if the identity belongs
 * to another account that requires one.
 */
export type Linked =
  | (LinkedIdentity & { readonly outcome: 'linked' })
  | { readonly outcome: 'second_factor'; readonly challenge: StandingChallenge }

/**
 * Links a proven identity to the caller's account; a guest becomes a person with the same id. `CONFLICT` if the
 * identity already leads to an account.
 */
export const linkIdentity = async (
  call: Call,
  request: LinkRequest,
  needs: LinkIdentityNeeds,
): Promise<Linked> =>
  await noteRejectedProof(
    call,
    { about: () => null, run: async () => await linkBy(call, request, needs) },
    needs,
  )

const linkBy = async (call: Call, request: LinkRequest, needs: LinkIdentityNeeds): Promise<Linked> => {
  const principal = requireSession(call.principal)
  const label = parseShownText(request.label, 'label')
  // 1 count the attempt, 2 verify the proof
  const verified = await verifyProof(call, { ...request, purpose: 'LINK_IDENTITY' }, needs)
  if (verified.kind === 'second_factor' || !verified.method.links)
    throw new Failure('BAD_USER_INPUT', `The method ${verified.method.name} cannot be linked.`, {
      field: 'proof',
    })
  // 3 in one transaction: spend the challenge, link, turn a guest into a person, audit
  const own = await needs.accounts.get(call, principal.accountId)
  const claim: IdentityClaim = {
    proven: verified.proven,
    acr: verified.acr,
    handle: verified.handle,
    credential: verified.credential,
    accountId: own.id,
    whenUnknown: verified.accountId === null ? { act: 'join', account: own, label } : { act: 'refuse' },
  }
  // Asked here too, so that a full account is refused once, and not each time that the identity is looked up.
  if (own.kind !== 'ANONYMOUS' && claim.whenUnknown.act === 'join')
    await needs.identities.refuseSurplus(call, own.id)
  const opening = await openIdentity(call, claim, needs, async (opened) =>
    opened.added === null
      ? null
      : await link(call, { opened, identity: opened.added, verified, principal }, needs),
  )
  switch (opening.outcome) {
    case 'opened':
      if (opening.result === null)
        throw new Failure('CONFLICT', 'This identity is linked to your account already.')
      return { outcome: 'linked', ...opening.result }
    case 'second_factor': {
      const { account, parts } = opening
      if (account.id === own.id)
        throw new Failure('CONFLICT', 'This identity is linked to your account already.')
      const challenge = await wantSecondFactor(
        call,
        { verified, account, parts, purpose: 'LINK_IDENTITY' },
        needs,
      )
      return { outcome: 'second_factor', challenge }
    }
    case 'other_account':
      throw new Failure('CONFLICT', 'This identity belongs to another account.')
    case 'refused':
      throw opening.failure
    default:
      return assertNever(opening)
  }
}

interface Link {
  readonly opened: OpenedIdentity
  readonly identity: Identity
  readonly verified: VerifiedIdentity
  readonly principal: SessionPrincipal
}

const link = async (
  call: Call,
  { opened, identity, verified, principal }: Link,
  needs: LinkIdentityNeeds,
): Promise<LinkedIdentity> => {
  const { id, method, subject } = identity
  const linked = await call.inTransaction(async (inner) => {
    const account = await needs.accounts.lock(inner, principal.accountId)
    // Checked again under the lock, because the session may have ended, or the guest become a person, since the guards.
    await needs.sessions.lockLive(inner, principal.sessionId)
    if (account.kind !== 'ANONYMOUS') {
      requireStepUp(principal, { acr: account.level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
      await needs.identities.refuseSurplus(inner, account.id)
    }
    const act: AuditedAct = {
      action: 'identity.linked',
      accountId: account.id,
      detail: { method, identityId: id, subject },
    }
    await inner.write(...verified.writes, ...opened.parts, ...announceAct(inner, act, needs))
    if (account.kind !== 'ANONYMOUS') return { account, identity, endedSessions: 0 }
    return { ...(await becomePerson(inner, { account, identity, principal }, needs)), identity }
  })
  needs.metrics.sessionsEnded.inc({ cause: 'identity_unlinked' }, linked.endedSessions)
  return { account: linked.account, identity: linked.identity }
}

/**
 * Makes a guest a person. The guest's identities are retired and the sessions that they opened end, so that an earlier
 * holder of the device cannot enter the account. The caller's session continues, on the new identity.
 */
const becomePerson = async (
  call: Call,
  linked: LinkedIdentity & { readonly principal: SessionPrincipal },
  needs: LinkIdentityNeeds,
): Promise<{ readonly account: Account; readonly endedSessions: number }> => {
  const { account, identity, principal } = linked
  const accountId = account.id
  await needs.accounts.changeKind(call, accountId, 'PERSON')
  await needs.sessions.rebind(call, principal.sessionId, identity.id)
  const former = (await needs.identities.lockOf(call, accountId)).filter(({ id }) => id !== identity.id)
  const ids = former.map(({ id }) => id)
  const ended = await needs.sessions.end(call, { accountId, openedBy: ids })
  await needs.identities.retire(call, ids)
  const unlinked = former.map(({ id, method }): AuditedAct => {
    const endedSessions = ended.filter((session) => session.identity === id).length
    return { action: 'identity.unlinked', accountId, detail: { method, identityId: id, endedSessions } }
  })
  const acts: AuditedAct[] = [...unlinked, { action: 'account.became_person', accountId }]
  await call.write(...acts.map((act) => needs.auditLog.row(call, act)))
  return {
    account: { ...account, kind: 'PERSON', level: firstLevelOf('PERSON') },
    endedSessions: ended.length,
  }
}
