// A held challenge: one that we store, because a person answers it later and possibly from another device.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { JsonObject } from '../database/json.js'
import type { Locale } from '../mail/locale.js'
import type { ChallengePurpose, FirstFactor } from './challenge.js'

const HeldChallengeSchema = defineEntity({
  name: 'HeldChallenge',
  tableName: 'held_challenge',
  properties: {
    /** Its id in jobs and links; code, link and match code are derived from it. */
    id: p.uuid().primary(),
    /** The SHA-256 of the asker's id, so that a reader of the table cannot answer challenges. */
    idHash: p.text().unique('held_challenge_id_hash_unique'),
    method: p.text(),
    purpose: p.text().$type<ChallengePurpose>(),
    /** The only session that may answer; null if anybody may. */
    sessionId: p.uuid().strictNullable(),
    /** The account that the answer acts upon; null for the first proof of a sign-in. */
    accountId: p.uuid().strictNullable(),
    /** The account's name. */
    accountName: p.text().strictNullable(),
    /** The first proof that the answer completes, or null. */
    firstFactor: p.json().$type<FirstFactor>().strictNullable(),
    /** The subject that the proof must show, in canonical form; null if the proof itself contains it. */
    subject: p.text().strictNullable(),
    /** The handle that was asked for with it, in canonical form, or null. */
    handle: p.text().strictNullable(),
    /** The text that the asker sees or signs, or null. */
    message: p.text().strictNullable(),
    /** The method's own data, or null. */
    state: p.json().$type<JsonObject>().strictNullable(),
    /** The address to which a mail with code and link is sent, in canonical form; null for no mail. */
    mailTo: p.text().strictNullable(),
    /** The user agent and network address of the asker, shown to the reader of the mail. */
    device: p.text().strictNullable(),
    sourceAddress: p.text(),
    locale: p.text().$type<Locale>(),
    /** The number of tried proofs that could be guesses. */
    tries: p.integer(),
    /** The number of match codes that were tried on the page of its link. */
    matchCodeTries: p.integer(),
    createdAt: p.datetime(),
    /** When its link was confirmed. */
    confirmedAt: p.datetime().strictNullable(),
    expiresAt: p.datetime().index('held_challenge_expires_at'),
  },
})

/** A challenge that we store. */
export class HeldChallenge extends HeldChallengeSchema.class {}
HeldChallengeSchema.setClass(HeldChallenge)
