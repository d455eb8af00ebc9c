// A held challenge: one that we keep, because a person answers it later and by another way than the one who asked.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { JsonObject } from '../database/json.js'
import type { Locale } from '../mail/locale.js'
import type { ChallengePurpose, FirstFactor } from './challenge.js'

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
    /** The account that the answer acts upon, or null for a sign-in that begins. */
    accountId: p.uuid().strictNullable(),
    /** What to call it. */
    accountName: p.text().strictNullable(),
    /** The proof that the answer completes, or null. */
    firstFactor: p.json().$type<FirstFactor>().strictNullable(),
    /** Whom or what the proof must show, in canonical form; null where the proof itself says it. */
    subject: p.text().strictNullable(),
    /** The handle that was asked for with it, in canonical form, or null. */
    handle: p.text().strictNullable(),
    /** What its asker gets to see or sign, or null. */
    message: p.text().strictNullable(),
    /** The method's own, or null. */
    state: p.json().$type<JsonObject>().strictNullable(),
    /** The address that a mail brings its code and link to, in canonical form; null where none is sent. */
    mailTo: p.text().strictNullable(),
    /** What asked: its user agent and network address, shown to whoever gets the mail. */
    device: p.text().strictNullable(),
    sourceAddress: p.text(),
    locale: p.text().$type<Locale>(),
    /** Proofs that could be guesses and were tried. */
    tries: p.integer(),
    /** Match codes that were tried on the page behind its link. */
    matchCodeTries: p.integer(),
    createdAt: p.datetime(),
    /** When its link was confirmed. */
    confirmedAt: p.datetime().strictNullable(),
    expiresAt: p.datetime().index('held_challenge_expires_at'),
  },
})

/** A challenge that we keep. */
export class HeldChallenge extends HeldChallengeSchema.class {}
HeldChallengeSchema.setClass(HeldChallenge)
