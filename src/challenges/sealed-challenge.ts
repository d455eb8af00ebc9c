// Sealed challenges: held by the client, readable by us alone, so that issuing one writes nothing.
import type { KeyRing } from '../tokens/key-ring.js'
import { seal, unseal } from '../tokens/sealed-value.js'
import type { Challenge, ChallengePurpose } from './challenge.js'

/** What is sealed: short names, for the value travels as the challenge's id. */
interface SealedFields {
  readonly aud: string
  readonly n: string
  readonly m: string
  readonly p: ChallengePurpose
  readonly sid: string | null
  readonly s: string
  readonly h: string | null
  readonly t: string
  readonly exp: number
}

/** Seals and opens the challenges of one installation. */
export class SealedChallenges {
  constructor(
    private readonly keyRing: KeyRing,
    /** The public URL: a challenge of another installation with the same secret is none of ours. */
    private readonly audience: string,
  ) {}

  /** The challenge's id: the challenge itself, sealed. */
  async seal(challenge: Challenge & { readonly message: string }): Promise<string> {
    const fields: SealedFields = {
      aud: this.audience,
      n: challenge.nonce,
      m: challenge.method,
      p: challenge.purpose,
      sid: challenge.sessionId,
      s: challenge.subject,
      h: challenge.handle,
      t: challenge.message,
      exp: challenge.expiresAt.getTime(),
    }
    return await seal(this.keyRing, 'challenge', fields)
  }

  /** The challenge behind an id, or null when it is none of ours. Whether it has expired or was spent is another question. */
  async open(id: string): Promise<Challenge | null> {
    const opened = await unseal(this.keyRing, 'challenge', id)
    if (opened === null) return null
    // Only `seal` above has the key, so the fields are what it wrote.
    const fields = opened.data as SealedFields
    if (fields.aud !== this.audience) return null
    return {
      nonce: fields.n,
      method: fields.m,
      purpose: fields.p,
      sessionId: fields.sid,
      subject: fields.s,
      handle: fields.h,
      message: fields.t,
      confirmed: false,
      expiresAt: new Date(fields.exp),
    }
  }
}
