// The store of mail lines: gives mails a turn in their quota, then a place in the pace of their domain.
import { createHash } from 'node:crypto'
import type { Call } from '../database/call.js'
import { Gathered, jobPauseMilliseconds } from '../database/gathered.js'
import { domainOf } from './address.js'
import { givePlace, type Pace } from './mail-pace.js'
import { giveTurn, type Quota, type QuotaLine, quotaOf, rememberedMilliseconds } from './mail-quota.js'
import type { LeasedMail } from './mails.js'

const read = {
  name: 'idem_mail_line_read',
  text: `select key, version, state, expires_at as "expiresAt" from mail_line where key = any($1::text[])`,
}

/** Sorted, so that two statements cannot deadlock. A line that was changed since it was read is left as it is. */
const write = {
  name: 'idem_mail_line_write',
  text: `insert into mail_line as line (key, version, state, expires_at)
    select key, version, state::jsonb, expires_at
      from unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[]) as wanted (key, version, state, expires_at)
      order by key
    on conflict (key) do update set version = excluded.version, state = excluded.state, expires_at = excluded.expires_at
      where line.version = excluded.version - 1
    returning key`,
}

const purge = {
  name: 'idem_mail_line_purge',
  text: `delete from mail_line where key in (
      select key from mail_line where expires_at < $1::timestamptz limit $2 for update skip locked) returning key`,
}

/** When a mail may be sent: now, at a later time, or never, because its turn would be too late. */
export type MailTurn =
  | { readonly kind: 'now' }
  | { readonly kind: 'later'; readonly at: Date }
  | { readonly kind: 'never' }

/** A mail that is to be sent, and the time until which it is of use; null for no limit. */
export interface DepartingMail {
  readonly mail: LeasedMail
  readonly until: Date | null
}

interface Request extends DepartingMail {
  readonly call: Call
  readonly quota: (Quota & { readonly key: string }) | null
  readonly paceKey: string
}

/** A line as it was read, and its new state. */
interface Line {
  readonly version: number
  state: QuotaLine | Pace | null
  expiresAt: number
  isChanged: boolean
}

const keyOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url')

/** Earlier requests come first: ids are UUIDs of version 7. */
const byAge = (one: Request, other: Request): number => (one.mail.id < other.mail.id ? -1 : 1)

/** The lines of the installation. Concurrent mails share one statement that reads and one that writes. */
export class MailLines {
  readonly #requests = new Gathered((batch: readonly Request[]) => this.#giveAll(batch), jobPauseMilliseconds)

  /** `mailsPerDomain`: mails to one domain in 10 s. */
  constructor(private readonly mailsPerDomain: number) {}

  /** When a mail may be sent. A turn in its quota does not change when it is asked for again. */
  async turnOf(call: Call, departing: DepartingMail): Promise<MailTurn> {
    const quota = quotaOf(departing.mail)
    return await this.#requests.add({
      ...departing,
      call,
      quota: quota && { ...quota, key: keyOf('quota', ...quota.name) },
      paceKey: keyOf('pace', domainOf(departing.mail.address)),
    })
  }

  /** Deletes at most `limit` lines that were no longer needed at `before`; returns their number. */
  async purge(call: Call, before: Date, limit: number): Promise<number> {
    return (await call.run(purge, [before, limit])).length
  }

  /**
   * Repeats for mails whose lines another worker has changed meanwhile; each time at least one of the workers succeeds.
   */
  async #giveAll(batch: readonly Request[]): Promise<readonly MailTurn[]> {
    const given = new Map<Request, MailTurn>()
    for (let open = batch.toSorted(byAge); open.length > 0; ) {
      // The time of the newest request.
      const { call } = batch.at(-1) as Request
      const lines = await this.#read(call, open)
      const turns = open.map((request) => [request, this.#give(lines, request, call.now)] as const)
      const lost = await this.#write(call, lines)
      for (const [request, turn] of turns) if (!isAmong(lost, request)) given.set(request, turn)
      open = open.filter((request) => !given.has(request))
    }
    // The loop ends when each has a result.
    return batch.map((request) => given.get(request) as MailTurn)
  }

  async #read(call: Call, requests: readonly Request[]): Promise<Map<string, Line>> {
    const keys = new Set(requests.flatMap(({ quota, paceKey }) => [...(quota ? [quota.key] : []), paceKey]))
    const rows = await call.run<{ key: string; version: number; state: Line['state']; expiresAt: Date }>(
      read,
      [[...keys]],
    )
    const lines = new Map<string, Line>()
    for (const key of keys) lines.set(key, { version: 0, state: null, expiresAt: 0, isChanged: false })
    for (const { key, version, state, expiresAt } of rows)
      lines.set(key, { version, state, expiresAt: expiresAt.getTime(), isChanged: false })
    return lines
  }

  #give(lines: ReadonlyMap<string, Line>, request: Request, now: Date): MailTurn {
    const turnAt = giveTurnIn(lines, request, now)
    if (turnAt === null) return { kind: 'never' }
    if (turnAt > now.getTime()) return { kind: 'later', at: new Date(turnAt) }
    const { mail, paceKey } = request
    const line = lines.get(paceKey) as Line
    const { pace, at } = givePlace(line.state as Pace | null, {
      domain: domainOf(mail.address),
      network: mail.network,
      now: now.getTime(),
      mostMails: this.mailsPerDomain,
    })
    Object.assign(line, { state: pace, expiresAt: pace.endsAt, isChanged: true })
    return at > now.getTime() ? { kind: 'later', at: new Date(at) } : { kind: 'now' }
  }

  /** Returns the keys of the lines that another worker has changed first. */
  async #write(call: Call, lines: ReadonlyMap<string, Line>): Promise<ReadonlySet<string>> {
    const changed = [...lines].filter(([, line]) => line.isChanged)
    if (changed.length === 0) return new Set()
    const written = await call.run<{ key: string }>(write, [
      changed.map(([key]) => key),
      changed.map(([, { version }]) => version + 1),
      changed.map(([, { state }]) => JSON.stringify(state)),
      changed.map(([, { expiresAt }]) => new Date(expiresAt)),
    ])
    const keys = new Set(written.map(({ key }) => key))
    return new Set(changed.map(([key]) => key).filter((key) => !keys.has(key)))
  }
}

const isAmong = (keys: ReadonlySet<string>, { quota, paceKey }: Request): boolean =>
  keys.has(paceKey) || (quota !== null && keys.has(quota.key))

/** The time of the mail's turn in its quota; `now` if it has no quota. */
const giveTurnIn = (
  lines: ReadonlyMap<string, Line>,
  { mail, quota, until }: Request,
  now: Date,
): number | null => {
  if (quota === null) return now.getTime()
  const line = lines.get(quota.key) as Line
  const given = giveTurn(line.state as QuotaLine | null, {
    mailId: mail.id,
    network: quota.network,
    now: now.getTime(),
    until: until?.getTime() ?? null,
  })
  if (given.at !== null)
    Object.assign(line, {
      state: given.line,
      expiresAt: now.getTime() + rememberedMilliseconds,
      isChanged: true,
    })
  return given.at
}
