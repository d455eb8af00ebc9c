// The store of second factors.

import type { Call } from '../database/call.js'
import type { Change } from '../database/change.js'
import type { JsonObject } from '../database/json.js'
import { Failure } from '../failure.js'
import { passwordMethodName } from '../identities/identity.js'
import type { Random } from '../runtime/random.js'
import { enrolmentLifetimeSeconds, type SecondFactor, type SecondFactorKind } from './second-factor.js'
import { triesPace } from './tries-pace.js'

const columns = `id, account_id as account, kind, credential, created_at as "createdAt",
  confirmed_at as "confirmedAt", last_used_at as "lastUsedAt", tries_paced_until as "triesPacedUntil"`

const find = {
  name: 'idem_second_factor_find',
  text: `select ${columns} from second_factor where account_id = $1::uuid and kind = $2`,
}

const list = {
  name: 'idem_second_factor_list',
  text: `select ${columns} from second_factor
    where account_id = $1::uuid and confirmed_at is not null order by created_at, kind`,
}

/** Replaces one that was not confirmed. */
const enrol = {
  name: 'idem_second_factor_enrol',
  text: `insert into second_factor (id, account_id, kind, credential, created_at)
    values ($1::uuid, $2::uuid, $3::text, $4::jsonb, $5::timestamptz)
    on conflict on constraint second_factor_account_kind do update set id = excluded.id,
      credential = excluded.credential, created_at = excluded.created_at, last_used_at = null,
      tries_paced_until = null
    where second_factor.confirmed_at is null returning id`,
}

/** Replaces any, and needs no confirmation. */
const replace = {
  name: 'idem_second_factor_replace',
  text: `insert into second_factor (id, account_id, kind, credential, created_at, confirmed_at)
    values ($1::uuid, $2::uuid, $3::text, $4::jsonb, $5::timestamptz, $5::timestamptz)
    on conflict on constraint second_factor_account_kind do update set id = excluded.id,
      credential = excluded.credential, created_at = excluded.created_at, confirmed_at = excluded.confirmed_at,
      last_used_at = null, tries_paced_until = null
    returning id`,
}

const confirm = {
  name: 'idem_second_factor_confirm',
  text: `update second_factor set credential = $2::jsonb, confirmed_at = $4::timestamptz,
      last_used_at = $4::timestamptz, tries_paced_until = null
    where id = $1::uuid and credential = $3::jsonb and confirmed_at is null returning id`,
}

const use = {
  name: 'idem_second_factor_use',
  text: `update second_factor set credential = $2::jsonb, last_used_at = $4::timestamptz, tries_paced_until = null
    where id = $1::uuid and credential = $3::jsonb and confirmed_at is not null returning id`,
}

/** The pace is a condition of the update. `greatest` ignores nulls. */
const tried = {
  name: 'idem_second_factor_tried',
  text: `update second_factor set tries_paced_until =
      greatest(tries_paced_until, $3::timestamptz) + $5::float8 * interval '1 millisecond'
    where account_id = $1::uuid and kind = $2
      and (tries_paced_until is null or tries_paced_until <= $4::timestamptz)
    returning id`,
}

const remove = {
  name: 'idem_second_factor_remove',
  text: `delete from second_factor where account_id = $1::uuid and kind = $2 and confirmed_at is not null
    returning id`,
}

const isRaised = {
  name: 'idem_second_factor_is_raised',
  text: `select exists (select 1 from identity where account_id = $1::uuid and method = '${passwordMethodName}')
    or exists (select 1 from second_factor
      where account_id = $1::uuid and kind = 'totp' and confirmed_at is not null) as raised`,
}

const removeStandIns = {
  name: 'idem_second_factor_remove_stand_ins',
  text: `delete from second_factor where account_id = $1::uuid and kind = 'recoveryCode' returning id`,
}

const listSealedBefore = {
  name: 'idem_second_factor_sealed_before',
  text: `select id, credential->>'sealed' as sealed from second_factor
    where kind = $1 and not starts_with(credential->>'sealed', $2) and ($3::uuid is null or id > $3::uuid)
    order by id limit $4`,
}

/** A row that was changed meanwhile keeps its value; whoever changed it has sealed it anew. */
const reseal = {
  name: 'idem_second_factor_reseal',
  text: `update second_factor f set credential = jsonb_set(f.credential, '{sealed}', to_jsonb(r.next))
    from unnest($1::uuid[], $2::text[], $3::text[]) as r (id, former, next)
    where f.id = r.id and f.credential->>'sealed' = r.former returning f.id`,
}

const purge = {
  name: 'idem_second_factor_purge',
  text: `delete from second_factor where id in (
      select id from second_factor where confirmed_at is null and created_at < $1::timestamptz
      limit $2 for update skip locked) returning id`,
}

/** A factor whose credential has a sealed value (`tokens/sealed-value.ts`). */
export interface SealedFactor {
  readonly id: string
  readonly sealed: string
}

/** The second factors of the installation that are no identities. */
export class SecondFactors {
  constructor(private readonly random: Random) {}

  /** The factor of a kind, confirmed or not; null if the account has none. */
  async find(call: Call, accountId: string, kind: SecondFactorKind): Promise<SecondFactor | null> {
    return (await call.run<SecondFactor>(find, [accountId, kind]))[0] ?? null
  }

  /** The same if it is confirmed, else null. */
  async findConfirmed(call: Call, accountId: string, kind: SecondFactorKind): Promise<SecondFactor | null> {
    const found = await this.find(call, accountId, kind)
    return found === null || found.confirmedAt === null ? null : found
  }

  /** The confirmed factors of an account, oldest first. */
  async listOf(call: Call, accountId: string): Promise<SecondFactor[]> {
    return await call.run<SecondFactor>(list, [accountId])
  }

  /** Begins an enrolment, which replaces an unconfirmed one. `CONFLICT` if there is a confirmed one. */
  enrolment(call: Call, accountId: string, kind: SecondFactorKind, credential: JsonObject): Change {
    return {
      statement: enrol,
      values: this.#valuesOf(call, accountId, kind, credential),
      otherwise: () => new Failure('CONFLICT', 'There is one already. Remove it first.'),
    }
  }

  /** A confirmed factor, which replaces any of its kind. */
  replacement(call: Call, accountId: string, kind: SecondFactorKind, credential: JsonObject): Change {
    return { statement: replace, values: this.#valuesOf(call, accountId, kind, credential) }
  }

  /** Confirms an enrolment with its next credential. `CONFLICT` if it was confirmed or replaced meanwhile. */
  confirmation(call: Call, { id, credential }: SecondFactor, next: JsonObject): Change {
    return {
      statement: confirm,
      values: [id, JSON.stringify(next), JSON.stringify(credential), call.now],
      otherwise: () => new Failure('CONFLICT', 'This enrolment was confirmed or replaced meanwhile.'),
    }
  }

  /**
   * The use of a factor by a valid proof: stores the next credential. `PROOF_REJECTED` if another proof has changed the
   * credential meanwhile, so that of two proofs with the same code one is valid.
   */
  useOf(call: Call, { id, credential }: SecondFactor, next: JsonObject): Change {
    return {
      statement: use,
      values: [id, JSON.stringify(next), JSON.stringify(credential), call.now],
      otherwise: () =>
        new Failure('PROOF_REJECTED', undefined, { reason: `second factor ${id} was used meanwhile` }),
    }
  }

  /** Removes a confirmed factor. `NOT_FOUND` if the account has none of this kind. */
  removal(accountId: string, kind: SecondFactorKind): Change {
    return {
      statement: remove,
      values: [accountId, kind],
      otherwise: () => new Failure('NOT_FOUND', 'Your account has none.'),
    }
  }

  /**
   * Counts a try, before the comparison and in a statement of its own, so that of concurrent tries only the allowed
   * number is compared. `RATE_LIMITED` if it comes too soon after others that failed.
   */
  async countTry(call: Call, accountId: string, kind: SecondFactorKind): Promise<void> {
    const values = [accountId, kind, call.now, triesPace.latest(call.now), triesPace.shareMilliseconds]
    if ((await call.run(tried, values)).length > 0) return
    const found = await this.find(call, accountId, kind)
    if (found === null) return
    const retryAfterSeconds = Math.max(1, triesPace.waitSeconds(found.triesPacedUntil, call.now))
    throw new Failure('RATE_LIMITED', undefined, { retryAfterSeconds, reason: `second factor ${found.id}` })
  }

  /** True if the account has a password or a confirmed TOTP, so that one proof does not suffice for it. */
  async isRaised(call: Call, accountId: string): Promise<boolean> {
    const [row] = await call.run<{ raised: boolean }>(isRaised, [accountId])
    return row?.raised === true
  }

  /** Removes what stands in for other factors (recovery codes), in the caller's transaction. */
  async removeStandIns(call: Call, accountId: string): Promise<void> {
    await call.run(removeStandIns, [accountId])
  }

  /** At most `limit` factors after `after` whose `credential.sealed` does not begin with `prefix`, by id. */
  async listSealedBefore(
    call: Call,
    kind: SecondFactorKind,
    page: { readonly prefix: string; readonly after: string | null; readonly limit: number },
  ): Promise<SealedFactor[]> {
    return await call.run<SealedFactor>(listSealedBefore, [kind, page.prefix, page.after, page.limit])
  }

  /** Replaces the sealed values of these factors. */
  async reseal(call: Call, changes: readonly (SealedFactor & { readonly next: string })[]): Promise<void> {
    const [ids, former, next] = [
      changes.map(({ id }) => id),
      changes.map(({ sealed }) => sealed),
      changes.map((change) => change.next),
    ]
    await call.run(reseal, [ids, former, next])
  }

  /** Deletes at most `limit` enrolments that expired before `expiredBefore`; returns their number. */
  async purge(call: Call, expiredBefore: Date, limit: number): Promise<number> {
    const createdBefore = new Date(expiredBefore.getTime() - enrolmentLifetimeSeconds * 1000)
    return (await call.run(purge, [createdBefore, limit])).length
  }

  #valuesOf(call: Call, accountId: string, kind: SecondFactorKind, credential: JsonObject): unknown[] {
    return [this.random.uuid(), accountId, kind, JSON.stringify(credential), call.now]
  }
}
