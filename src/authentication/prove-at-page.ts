// Takes a proof at the sign-in page: seals what it has shown into a code, with which a program opens the session.
import type { LoginCodes } from '../challenges/login-code.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type OpenedIdentity, type OpenIdentityNeeds, openIdentity } from '../identities/open-identity.js'
import type { Passwords } from '../passwords/passwords.js'
import { answerClosedIdentity, type HalfProven } from './answer-closed-identity.js'
import { noteRejectedProof } from './note-rejected-proof.js'
import { claimOf, type VerifiedIdentity } from './verified-proof.js'
import { type SubmittedProof, type VerifyProofNeeds, verifyProof } from './verify-proof.js'
import type { WantSecondFactorNeeds } from './want-second-factor.js'

/** What `proveAtPage` works with. */
export interface ProveAtPageNeeds extends VerifyProofNeeds, OpenIdentityNeeds, WantSecondFactorNeeds {
  readonly loginCodes: LoginCodes
  readonly passwords: Passwords
}

/** A proof at the page, and the program that may redeem its code. */
export interface ProofAtPage extends SubmittedProof {
  /** The SHA-256 of the program's verifier, in base64url (RFC 7636 4.2). */
  readonly codeChallenge: string
}

/** The result: a login code, or the challenge that completes the proof. */
export type ProvenAtPage = { readonly outcome: 'proven'; readonly code: string } | HalfProven

/**
 * Verifies a proof as `signIn` does and spends it, but opens no session and makes no account: that happens when the
 * code is redeemed.
 */
export const proveAtPage = async (
  call: Call,
  submitted: ProofAtPage,
  needs: ProveAtPageNeeds,
): Promise<ProvenAtPage> =>
  await noteRejectedProof(
    call,
    { about: () => null, run: async () => await proveBy(call, submitted, needs) },
    needs,
  )

const proveBy = async (
  call: Call,
  submitted: ProofAtPage,
  needs: ProveAtPageNeeds,
): Promise<ProvenAtPage> => {
  // 1 count the attempt, 2 verify the proof
  const verified = await verifyProof(call, { ...submitted, purpose: 'SIGN_IN' }, needs)
  if (verified.kind === 'second_factor')
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'a second factor signs nobody in by itself' })
  // 3 spend the challenge, and note the use of a known identity
  const opening = await openIdentity(call, claimOf(verified), needs, async (opened) => {
    await spend(call, { opened, verified }, needs)
    return opened
  })
  if (opening.outcome !== 'opened')
    return await answerClosedIdentity(call, { closed: opening, verified }, needs)
  // 4 seal
  return {
    outcome: 'proven',
    code: await seal(call, { opened: opening.result, verified, submitted }, needs),
  }
}

interface Proven {
  readonly opened: OpenedIdentity
  readonly verified: VerifiedIdentity
}

/** The rows of a new account are not written here: whoever redeems the code describes them anew. */
const spend = async (call: Call, { opened, verified }: Proven, needs: ProveAtPageNeeds): Promise<void> => {
  const { account, provisioned, parts } = opened
  if (!provisioned) await needs.accounts.writeWhileOpen(call, account, ...verified.writes, ...parts)
  else if (verified.writes.length > 0) await call.write(...verified.writes)
}

const seal = async (
  call: Call,
  { opened, verified, submitted }: Proven & { readonly submitted: ProofAtPage },
  { loginCodes, passwords }: ProveAtPageNeeds,
): Promise<string> => {
  const { provisioned, account } = opened
  const { proven, acr, amr, handle, deviceName, credential } = verified
  const password = provisioned ? null : await passwords.find(call, { kind: 'account', name: account.id })
  const grant = {
    proven,
    acr,
    amr,
    handle,
    // The browser that the person holds, and not the program that redeems the code.
    deviceName: deviceName ?? call.source.userAgent,
    accountId: provisioned ? null : account.id,
    credential: provisioned ? credential : null,
    passwordVersion: password?.version ?? null,
  }
  return loginCodes.issue(call, grant, submitted.codeChallenge)
}
