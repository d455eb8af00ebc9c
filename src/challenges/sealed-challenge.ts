// Sealed challenges: stored by the client, readable only by us, so that issuing one writes nothing.
import { type SealNeeds, seal, unseal } from '../tokens/sealed-value.js'
import type { Challenge } from './challenge.js'

/** The sealed data, with short names because it is the challenge's id. Nulls are left out. */
interface SealedFields {
  readonly aud: string
  readonly n: string
  readonly m: string
  readonly p: Challenge['purpose']
  readonly sid?: string
  readonly a?: string
  readonly f?: Challenge['firstFactor']
  readonly s?: string
  readonly h?: string
  readonly t?: string
  readonly st?: Challenge['state']
  readonly exp: number
}

/** Seals and opens the challenges of one installation. */
export class SealedChallenges {
  constructor(
    private readonly needs: SealNeeds,
    /** The public URL, so that challenges of another installation with the same secret are not accepted. */
    private readonly audience: string,
  ) {}

  /** The challenge's id: the challenge itself, sealed. */
  seal(challenge: Challenge): string {
    const fields: SealedFields = {
      aud: this.audience,
      n: challenge.nonce,
      m: challenge.method,
      p: challenge.purpose,
      ...(challenge.sessionId === null ? {} : { sid: challenge.sessionId }),
      ...(challenge.accountId === null ? {} : { a: challenge.accountId }),
      ...(challenge.firstFactor === null ? {} : { f: challenge.firstFactor }),
      ...(challenge.subject === null ? {} : { s: challenge.subject }),
      ...(challenge.handle === null ? {} : { h: challenge.handle }),
      ...(challenge.message === null ? {} : { t: challenge.message }),
      ...(challenge.state === null ? {} : { st: challenge.state }),
      exp: challenge.expiresAt.getTime(),
    }
    return seal(this.needs, 'challenge', fields)
  }

  /** The challenge in an id; null if we did not issue it. It may have expired or be spent. */
  open(id: string): Challenge | null {
    const opened = unseal(this.needs.keyRing, 'challenge', id)
    if (opened === null) return null
    // Only `seal` above has the key, so the fields are what it wrote.
    const fields = opened.data as SealedFields
    if (fields.aud !== this.audience) return null
    return {
      nonce: fields.n,
      method: fields.m,
      purpose: fields.p,
      sessionId: fields.sid ?? null,
      accountId: fields.a ?? null,
      firstFactor: fields.f ?? null,
      subject: fields.s ?? null,
      handle: fields.h ?? null,
      message: fields.t ?? null,
      state: fields.st ?? null,
      confirmed: false,
      expiresAt: new Date(fields.exp),
    }
  }
}
