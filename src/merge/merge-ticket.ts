// Tickets of merges: the plan that a person was shown, sealed, to be decided upon once by the session that asked for it.
import { createHash } from 'node:crypto'
import type { Acr } from '../authorization/principal.js'
import { spentRow } from '../challenges/spent-challenge.js'
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import { type SealNeeds, seal, unseal } from '../tokens/sealed-value.js'
import type { MergeSide } from './decide-merge.js'
import type { MergeProof } from './merge.js'

/** The proof of the other account, as the ticket keeps it. */
export interface TicketProof extends Pick<MergeProof, 'method' | 'amr' | 'at'> {
  readonly identityId: string
  /** The level of all proofs of the other account together. */
  readonly acr: Acr
}

/** What a plan was made of. */
export interface MergeGrant {
  /** The only session that may use it. */
  readonly sessionId: string
  readonly ownId: string
  readonly otherId: string
  readonly proof: TicketProof
  /** What both accounts were (`markOf`). */
  readonly mark: string
}

/** A ticket. */
export interface MergeTicket extends MergeGrant {
  /** Makes the ticket single-use: it is spent by inserting the nonce. */
  readonly nonce: string
  readonly expiresAt: Date
}

/** Life of a ticket, in seconds: time to read the plan and to choose, short for an unattended screen. */
export const ticketLifetimeSeconds = 300
/** 128 bits, so that it is unique. In bytes. */
const nonceLength = 16

/** The sealed data. */
interface SealedFields {
  readonly aud: string
  readonly n: string
  readonly g: MergeGrant
  readonly exp: number
}

/** What a plan says depends on nothing else; a hash of it, so that the ticket stays short. In the order of the ids. */
export const markOf = (...sides: readonly MergeSide[]): string => {
  const facts = sides
    .map(({ account, ...counts }) => {
      const { id, kind, level, handle, displayName, locale, primaryEmail } = account
      return { id, kind, level, handle, displayName, locale, primaryEmail, ...counts }
    })
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
  // The same keys in the same order, also where the facts come from another statement.
  const text = JSON.stringify(facts.map((fact) => Object.entries(fact).toSorted()))
  return createHash('sha256').update(text).digest('base64url')
}

/** Seals and opens the tickets of one installation. */
export class MergeTickets {
  constructor(
    private readonly needs: SealNeeds,
    /** The public URL, so that tickets of another installation with the same secret are not accepted. */
    private readonly audience: string,
  ) {}

  /** A ticket for five minutes. Writes nothing. */
  issue(call: Call, grant: MergeGrant): { readonly ticket: string; readonly expiresAt: Date } {
    const expiresAt = new Date(call.now.getTime() + ticketLifetimeSeconds * 1000)
    const nonce = this.needs.random.bytes(nonceLength).toString('hex')
    const fields: SealedFields = { aud: this.audience, n: nonce, g: grant, exp: expiresAt.getTime() }
    return { ticket: seal(this.needs, 'merge-ticket', fields), expiresAt }
  }

  /** What a ticket contains; null if we did not issue it. It may have expired or be spent. */
  open(ticket: string): MergeTicket | null {
    const opened = unseal(this.needs.keyRing, 'merge-ticket', ticket)
    if (opened === null) return null
    // Only `issue` above has the key, so the fields are what it wrote.
    const { aud, n, g, exp } = opened.data as SealedFields
    return aud === this.audience ? { ...g, nonce: n, expiresAt: new Date(exp) } : null
  }

  /** The row that spends a ticket. Of any number of concurrent uses one succeeds; the others get `CHALLENGE_SPENT`. */
  spend(ticket: MergeTicket): Row {
    return spentRow(ticket)
  }
}
