// A held challenge: one that we keep, because a person answers it later and by another way than the one who asked.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { Locale } from '../mail/locale.js'
import type { ChallengePurpose } from './challenge.js'

const HeldChallengeSchema = defineEntity({
  name: 'HeldChallenge',
  tableName: 'held_challenge',
  properties: {
    /** What jobs and links name it by; its code, link and match code are derived from it. */
    id: p.uuid().primary(),
    /** The SHA-256 of the id that its asker holds: who reads the table can answer nothing by it. */
    idHash: p.text().unique('held_challenge_id_hash_unique'),
    method: p.text(),
    purpose: p.text().$type<ChallengePurpose>(),
    /** The only session that may answer it, or null where anyone may. */
    sessionId: p.uuid().strictNullable(),
    /** What to call the account that the answer acts upon; null for a sign-in. */
    accountName: p.text().strictNullable(),
    /** The address that is to be proven, in canonical form. */
    subject: p.text(),
    /** What asked: its user agent and network address, shown to whoever gets the mail. */
    device: p.text().strictNullable(),
    sourceAddress: p.text(),
    locale: p.text().$type<Locale>(),
    /** Codes that were tried. */
    attempts: p.integer(),
    /** Match codes that were tried. */
    linkAttempts: p.integer(),
    createdAt: p.datetime(),
    /** When its link was confirmed. */
    confirmedAt: p.datetime().strictNullable(),
    expiresAt: p.datetime().index('held_challenge_expires_at'),
  },
})

/** A challenge that we keep. */
export class HeldChallenge extends HeldChallengeSchema.class {}
HeldChallengeSchema.setClass(HeldChallenge)
