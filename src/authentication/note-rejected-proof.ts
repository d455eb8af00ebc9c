// Records a rejected proof: for its identity, and with the network in the log.
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import type { ProvenIdentity } from '../identities/identity.js'

/** What `noteRejectedProof` works with. */
export interface NoteRejectedProofNeeds {
  readonly identities: Identities
}

/** The check of a proof. */
export interface ProofCheck<T> {
  /** The identity of the proof; null if it is unknown. */
  readonly about: ProvenIdentity | null
  readonly run: () => Promise<T>
}

/**
 * Runs a check. If it rejects the proof (`PROOF_REJECTED`), counts the failure for the identity over all networks, so
 * that its owner and operators can see an attack, and adds the asker to the refusal's log line.
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
