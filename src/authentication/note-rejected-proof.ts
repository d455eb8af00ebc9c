// Notes a rejected proof: for the identity that it is about, and where it came from.
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import type { ProvenIdentity } from '../identities/identity.js'

/** What `noteRejectedProof` works with. */
export interface NoteRejectedProofNeeds {
  readonly identities: Identities
}

/** A check of a proof. */
export interface ProofCheck<T> {
  /** The identity that the proof is about; null where that is unknown. */
  readonly about: ProvenIdentity | null
  readonly run: () => Promise<T>
}

/**
 * Runs a check. When it rejects the proof (`PROOF_REJECTED`), the failure is counted for the identity over all networks,
 * so that its owner and an operator can see an attack, and the refusal tells the log who tried.
 */
export const noteRejectedProof = async <T>(
  call: Call,
  { about, run }: ProofCheck<T>,
  { identities }: NoteRejectedProofNeeds,
): Promise<T> => {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'PROOF_REJECTED') throw error
    const identityId = about && (await identities.noteFailedProof(call, about))
    const attempt = { network: call.source.network, identityId }
    throw new Failure(error.code, error.message, { ...error.details, attempt })
  }
}
