// Records a rejected proof: for its identity, and with the network in the log.
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import type { ProvenIdentity } from '../identities/identity.js'

/** What `noteRejectedProof` works with. */
export interface NoteRejectedProofNeeds {
  readonly identities: Identities
}

/** The check of a proof, or what is done with it. */
export interface ProofCheck<T> {
  /** The identity for which a failure is counted; null if it is unknown, or if nothing was tried. */
  readonly about: ProvenIdentity | null
  readonly run: () => Promise<T>
}

/**
 * Runs a check. If it rejects the proof (`PROOF_REJECTED`), counts the failure for the identity over all networks, so
 * that its owner and operators can see an attack, and adds the asker to the refusal's log line. Passes on what a check
 * inside of it has noted.
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
    if (error.details.attempt !== undefined) throw error
    const identityId = about && (await identities.noteFailedProof(call, about))
    const attempt = { network: call.source.network, identityId }
    throw new Failure(error.code, error.message, { ...error.details, attempt })
  }
}
