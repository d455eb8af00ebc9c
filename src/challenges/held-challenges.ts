// The store of held challenges.
import { createHash } from 'node:crypto'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import { Gathered, jobPauseMilliseconds } from '../database/gathered.js'
import { type Row, rowOf } from '../database/row.js'
import type { Locale } from '../mail/locale.js'
import type { MailState } from '../mail/mail.js'
import { mostCodeAttempts, mostMatchCodeTries } from './challenge.js'
import { HeldChallenge } from './held-challenge.js'

/** A held challenge, with facts of other tables. */
export interface HeldChallengeFacts extends HeldChallenge {
  readonly isSpent: boolean
  /** The state of its mail; null once the mail was purged. */
  readonly mailState: MailState | null
  /** When another request makes sense; null once the mail was purged. */
  readonly mailRetryAt: Date | null
}

/** A held challenge with the language of the reader of its mail. */
export interface ReadersChallenge extends HeldChallengeFacts {
  readonly readerLocale: Locale | null
}

const columns = `id, id_hash as "idHash", method, purpose, session_id as "sessionId", account_id as "accountId",
  account_name as "accountName", first_factor as "firstFactor", subject, handle, message, state, mail_to as "mailTo",
  device, source_address as "sourceAddress", locale, tries, match_code_tries as "matchCodeTries",
  created_at as "createdAt", confirmed_at as "confirmedAt", expires_at as "expiresAt",
  exists (select 1 from spent_challenge s where s.nonce = h.id::text) as "isSpent",
  (select m.state from mail m where m.cause_id = h.id and m.address = h.mail_to) as "mailState",
  (select m.retry_at from mail m where m.cause_id = h.id and m.address = h.mail_to) as "mailRetryAt"`

const findById = {
  name: 'idem_held_by_id',
  text: `select ${columns} from held_challenge h where id = $1::uuid`,
}

const findForReader = {
  name: 'idem_held_for_reader',
  text: `select ${columns}, (
      select a.locale from identity i join account a on a.id = i.account_id
      where i.method = 'email' and i.issuer = 'email' and i.subject = h.mail_to) as "readerLocale"
    from held_challenge h where id = any($1::uuid[])`,
}

const findByHash = {
  name: 'idem_held_by_hash',
  text: `select ${columns} from held_challenge h where id_hash = $1`,
}

const tried = {
  name: 'idem_held_tried',
  text: `update held_challenge set tries = tries + 1 where id = $1::uuid and tries < $2::int returning id`,
}

const untried = {
  name: 'idem_held_untried',
  text: 'update held_challenge set tries = tries - 1 where id = $1::uuid and tries > 0 returning id',
}

const matchCodeTried = {
  name: 'idem_held_match_code_tried',
  text: `update held_challenge h set match_code_tries = match_code_tries + 1
    where id = $1::uuid and confirmed_at is null and match_code_tries < $2::int returning ${columns}`,
}

const confirm = {
  name: 'idem_held_confirm',
  text: `update held_challenge set confirmed_at = $2::timestamptz
    where id = $1::uuid and confirmed_at is null and expires_at > $2::timestamptz and tries < $3::int
      and not exists (select 1 from spent_challenge s where s.nonce = held_challenge.id::text)
    returning id`,
}

const purge = {
  name: 'idem_held_purge',
  text: `delete from held_challenge where id in (
      select id from held_challenge where expires_at < $1::timestamptz limit $2 for update skip locked) returning id`,
}

/** The hash under which a challenge with the asker's id `id` is stored. */
export const hashOf = (id: string): string => createHash('sha256').update(id).digest('base64url')

interface Reading {
  readonly call: Call
  readonly id: string
}

/**
 * The held challenges of the installation. Askers identify them by a random id (`held-id.ts`), of which only the hash
 * is stored.
 */
export class HeldChallenges {
  /** Concurrent reads of a worker share one statement. */
  readonly #readings = new Gathered(
    (batch: readonly Reading[]) => this.#readForReaders(batch),
    jobPauseMilliseconds,
  )

  /** The row of a challenge with the asker's id `id`. */
  row(challenge: Omit<HeldChallenge, 'idHash'>, id: string): Row {
    return rowOf(HeldChallenge, { ...challenge, idHash: hashOf(id) })
  }

  /** The challenge whose asker's id has this hash, or null. */
  async find(call: Call, idHash: string): Promise<HeldChallengeFacts | null> {
    return (await call.run<HeldChallengeFacts>(findByHash, [idHash]))[0] ?? null
  }

  /** Counts a try of the code of the challenge with this internal id; false if none is left. */
  async countTry(call: Call, id: string): Promise<boolean> {
    return (await call.run(tried, [id, mostCodeAttempts])).length > 0
  }

  /** Takes back the count of a try that was not compared. */
  async returnTry(call: Call, id: string): Promise<void> {
    await call.run(untried, [id])
  }

  /** The challenge with this internal id, or null. */
  async read(call: Call, id: string): Promise<HeldChallengeFacts | null> {
    return (await call.run<HeldChallengeFacts>(findById, [id]))[0] ?? null
  }

  /**
   * The same with the language of the account to which its address leads; null if there is no such account, or it has
   * no language.
   */
  async readForReader(call: Call, id: string): Promise<ReadersChallenge | null> {
    return await this.#readings.add({ call, id })
  }

  /**
   * Counts a try of the match code of the challenge with this internal id, and returns the challenge; null if no try is
   * left, or it was confirmed.
   */
  async countMatchCodeTry(call: Call, id: string): Promise<HeldChallengeFacts | null> {
    return (await call.run<HeldChallengeFacts>(matchCodeTried, [id, mostMatchCodeTries]))[0] ?? null
  }

  /**
   * Confirms the link, unless it was confirmed before, or the challenge has expired, was spent or has no tries left.
   * True if it took effect.
   */
  async confirm(call: Call, id: string, ...parts: readonly Part[]): Promise<boolean> {
    const values = [id, call.now, mostCodeAttempts]
    return (await call.change({ statement: confirm, values }, ...parts)).length > 0
  }

  /** Deletes at most `limit` challenges that expired before `expiredBefore`; returns their number. */
  async purge(call: Call, expiredBefore: Date, limit: number): Promise<number> {
    return (await call.run(purge, [expiredBefore, limit])).length
  }

  async #readForReaders(batch: readonly Reading[]): Promise<(ReadersChallenge | null)[]> {
    const { call } = batch.at(-1) as Reading
    const rows = await call.run<ReadersChallenge>(findForReader, [batch.map(({ id }) => id)])
    const found = new Map(rows.map((row) => [row.id, row]))
    return batch.map(({ id }) => found.get(id) ?? null)
  }
}
