// Records a rejected proof: for its identity, and with the network in the log.
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { FailedProofs } from '../identities/failed-proofs.js'
import type { ProvenIdentity } from '../identities/identity.js'

/** What `noteRejectedProof` works with. */
export interface NoteRejectedProofNeeds {
  readonly failedProofs: FailedProofs
}

/** An identity, or the one that opened a session: for a second factor that is tried within it. */
export type TriedIdentity = ProvenIdentity | { readonly sessionId: string }

/** The check of a proof, or what is done with it. */
export interface ProofCheck<T> {
  /** For what a failure is counted, asked after one; null if that is unknown, or if nothing was tried. */
  readonly about: () => TriedIdentity | null | Promise<TriedIdentity | null>
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
  { failedProofs }: NoteRejectedProofNeeds,
): Promise<T> => {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'PROOF_REJECTED') throw error
    if (error.details.attempt !== undefined) throw error
    const tried = await about()
    const identityId = tried && (await noteFailed(call, tried, failedProofs))
    const attempt = { network: call.source.network, identityId }
    throw new Failure(error.code, error.message, { ...error.details, attempt })
  }
}

const noteFailed = async (
  call: Call,
  about: TriedIdentity,
  failedProofs: FailedProofs,
): Promise<string | null> =>
  'sessionId' in about
    ? await failedProofs.noteInSession(call, about.sessionId)
    : await failedProofs.note(call, about)
