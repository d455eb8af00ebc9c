// The model of merging: what every sequence of merges, undos, links and endings must leave, in sets and maps.
import type { MergeField } from '../../../src/merge/merge.js'

/** An account, as far as a merge may change it. */
export interface ModelAccount {
  readonly id: string
  readonly createdAt: number
  kind: 'ANONYMOUS' | 'PERSON'
  handle: string | null
  displayName: string | null
  locale: string | null
  primaryEmail: string | null
  suspended: boolean
  due: boolean
  into: string | null
}

/** What belongs to an account. `key` is the subject of an identity, the public key of a device, a handle's name. */
export interface ModelRow {
  readonly id: string
  readonly table: 'identity' | 'second_factor' | 'device' | 'handle'
  readonly kind: string
  readonly key: string
  readonly createdAt: number
  account: string
  /** A confirmed second factor; a handle in use. */
  active: boolean
}

/** A session. */
export interface ModelSession {
  readonly id: string
  account: string
  identity: string | null
  live: boolean
}

/** A row as it was before a merge, and what the merge did with it. */
export interface ModelEntry {
  readonly row: ModelRow
  readonly side: 'survivor' | 'absorbed'
  readonly fate: 'moved' | 'removed' | 'held'
}

/** A merge as the model remembers it: the accounts, and the rows of both sides before it. */
export interface ModelMerge {
  id: string
  readonly survivor: string
  readonly absorbed: string
  /** The level of the absorbed account, which it keeps. */
  readonly level: string
  journal: readonly ModelEntry[]
  readonly before: { readonly survivor: ModelAccount; readonly absorbed: ModelAccount }
  readonly after: ModelAccount
  undone: boolean
}

/** A merge to be made. */
export interface ModelRequest {
  readonly own: string
  readonly other: string
  readonly survivor: string | null
  readonly choices: ReadonlyMap<MergeField, string>
  readonly session: string | null
  /** The identity of the other account that was proven. */
  readonly proven: string | null
}

/** What happened to a request: done, or refused with this code. */
export type Outcome =
  | 'done'
  | 'MERGE_REFUSED'
  | 'LAST_IDENTITY'
  | 'CONFLICT'
  | 'NOT_FOUND'
  | 'UNAUTHENTICATED'

/** Everything that the accounts of one sequence have. */
export class Model {
  readonly accounts = new Map<string, ModelAccount>()
  readonly rows = new Map<string, ModelRow>()
  readonly sessions = new Map<string, ModelSession>()
  readonly merges: ModelMerge[] = []

  /** A copy, on which another order of the same calls is tried. */
  copy(): Model {
    const model = new Model()
    for (const [id, account] of this.accounts) model.accounts.set(id, { ...account })
    for (const [id, row] of this.rows) model.rows.set(id, { ...row })
    for (const [id, session] of this.sessions) model.sessions.set(id, { ...session })
    model.merges.push(...this.merges.map((merge) => ({ ...merge })))
    return model
  }

  account(id: string): ModelAccount {
    const account = this.accounts.get(id)
    if (account === undefined) throw new Error(`the model has no account ${id}`)
    return account
  }

  /** The account to which an id leads. */
  survivorOf(id: string): string {
    return this.account(id).into ?? id
  }

  rowsOf(account: string, table?: ModelRow['table']): ModelRow[] {
    return [...this.rows.values()].filter(
      (row) => row.account === account && (table === undefined || row.table === table),
    )
  }

  liveSessionOf(account: string): ModelSession | null {
    return [...this.sessions.values()].find((session) => session.live && session.account === account) ?? null
  }

  /** Two levels once there is a password or a confirmed TOTP. */
  levelOf(account: ModelAccount): string {
    const absorbing = this.merges.find(({ absorbed, undone }) => absorbed === account.id && !undone)
    if (absorbing !== undefined) return absorbing.level
    const isRaised = this.rowsOf(account.id).some(
      ({ kind, active, table }) =>
        (table === 'identity' && kind === 'password') || (kind === 'totp' && active),
    )
    return isRaised ? 'aal2' : account.kind === 'ANONYMOUS' ? 'aal0' : 'aal1'
  }

  /** The newest ten ids that lead to an account by merges that hold. */
  absorbedIds(id: string): string[] {
    return this.merges
      .filter((merge) => !merge.undone && this.leadsTo(merge.absorbed, id))
      .map(({ absorbed }) => absorbed)
      .reverse()
      .slice(0, 10)
  }

  /** Follows the merges that hold, without the short cut of `into`. */
  leadsTo(id: string, survivor: string): boolean {
    const next = this.merges.find((merge) => merge.absorbed === id && !merge.undone)
    return next !== undefined && (next.survivor === survivor || this.leadsTo(next.survivor, survivor))
  }

  merge(request: ModelRequest): Outcome {
    const [own, other] = [this.account(request.own), this.account(request.other)]
    if (own.id === other.id) return 'MERGE_REFUSED'
    for (const { into, due, suspended } of [own, other])
      if (into !== null || due || suspended) return 'MERGE_REFUSED'
    const [survivor, absorbed] = this.orderOf(own, other, request.survivor)
    if (survivor === undefined || absorbed === undefined) throw new Error('two accounts have an order')
    const before = { survivor: { ...survivor }, absorbed: { ...absorbed } }
    const rows = [...this.rowsOf(survivor.id), ...this.rowsOf(absorbed.id)].map((row) => ({ ...row }))
    const level = this.levelOf(absorbed)
    this.merging = request.session
    this.mergeSessions(request, absorbed.id)
    this.mergeRows(survivor, absorbed, request.choices)
    this.mergeFields(survivor, absorbed, request.choices)
    if (request.session !== null) this.rebind(request.session, request.proven)
    this.merging = null
    absorbed.handle = null
    const journal = rows.map((row): ModelEntry => {
      const side = row.account === survivor.id ? 'survivor' : 'absorbed'
      const stays = side === 'survivor' ? 'held' : 'moved'
      return { row, side, fate: this.rows.has(row.id) ? stays : 'removed' }
    })
    const ids = { id: '', survivor: survivor.id, absorbed: absorbed.id }
    this.merges.push({ ...ids, level, journal, before, after: { ...survivor }, undone: false })
    this.point()
    return 'done'
  }

  /** Lets every account lead to the end of its chain. */
  point(): void {
    for (const account of this.accounts.values()) {
      let end = account.id
      for (let next = this.absorbing(end); next !== undefined; next = this.absorbing(end)) end = next.survivor
      account.into = end === account.id ? null : end
    }
  }

  private absorbing(id: string): ModelMerge | undefined {
    return this.merges.find(({ absorbed, undone }) => absorbed === id && !undone)
  }

  private orderOf(own: ModelAccount, other: ModelAccount, wanted: string | null): ModelAccount[] {
    if (own.kind !== other.kind) return own.kind === 'PERSON' ? [own, other] : [other, own]
    if (wanted !== null) return wanted === own.id ? [own, other] : [other, own]
    return [own, other].sort((one, two) => one.createdAt - two.createdAt || (one.id < two.id ? -1 : 1))
  }

  /** The session that merges goes on, the others of the absorbed account end. */
  private mergeSessions({ session: id, own, other }: ModelRequest, absorbed: string): void {
    for (const session of this.sessions.values())
      if (session.account === absorbed && session.live)
        if (session.id === id && own === absorbed) session.account = other
        else session.live = false
  }

  private mergeRows(
    survivor: ModelAccount,
    absorbed: ModelAccount,
    choices: ReadonlyMap<MergeField, string>,
  ): void {
    const pair = (table: ModelRow['table'], kind: string) =>
      [survivor, absorbed].map(({ id }) => this.rowsOf(id, table).find((row) => row.kind === kind))
    const drop = (row: ModelRow | undefined) => row && this.remove(row, survivor.id)
    for (const { id } of [survivor, absorbed])
      for (const row of this.rowsOf(id, 'identity')) if (row.kind === 'anonymous') drop(row)
    const [password, theirPassword] = pair('identity', 'password')
    if (password && theirPassword) drop(choices.get('PASSWORD') === absorbed.id ? password : theirPassword)
    const [totp, theirTotp] = pair('second_factor', 'totp')
    if (theirTotp?.active !== true) drop(theirTotp)
    else if (totp) drop(totp.active && choices.get('TOTP') !== absorbed.id ? theirTotp : totp)
    const [codes, theirCodes] = pair('second_factor', 'recoveryCode')
    if (codes && theirCodes) drop(theirCodes)
    const isOlder = (one: ModelRow, two: ModelRow) =>
      one.createdAt < two.createdAt || (one.createdAt === two.createdAt && one.id < two.id)
    for (const mine of this.rowsOf(survivor.id, 'device'))
      for (const theirs of this.rowsOf(absorbed.id, 'device'))
        if (mine.key === theirs.key) drop(isOlder(mine, theirs) ? theirs : mine)
    for (const row of this.rowsOf(absorbed.id)) row.account = survivor.id
  }

  /** A row goes, and with an identity the sessions that it opened. */
  remove(row: ModelRow, account: string): void {
    this.rows.delete(row.id)
    for (const session of this.sessions.values()) {
      if (session.identity !== row.id) continue
      if (session.account === account && session.id !== this.merging) session.live = false
      session.identity = null
    }
  }

  /** The session that is merging: it outlives what its own merge removes. */
  merging: string | null = null

  private rebind(id: string, identity: string | null): void {
    const session = this.sessions.get(id)
    if (session?.identity === null && identity !== null && this.rows.has(identity))
      session.identity = identity
  }

  private mergeFields(
    survivor: ModelAccount,
    absorbed: ModelAccount,
    choices: ReadonlyMap<MergeField, string>,
  ): void {
    const pick = <T>(field: MergeField, mine: T | null, theirs: T | null): T | null =>
      mine === null || (theirs !== null && choices.get(field) === absorbed.id) ? theirs : mine
    survivor.handle = pick('HANDLE', survivor.handle, absorbed.handle)
    survivor.displayName = pick('DISPLAY_NAME', survivor.displayName, absorbed.displayName)
    survivor.locale = pick('LOCALE', survivor.locale, absorbed.locale)
    survivor.primaryEmail = pick('PRIMARY_EMAIL', survivor.primaryEmail, absorbed.primaryEmail)
    for (const row of this.rowsOf(survivor.id, 'handle')) row.active = row.key === survivor.handle
  }

  unlink(accountId: string, identityId: string): Outcome {
    const account = this.account(accountId)
    const others = this.rowsOf(accountId, 'identity').filter(({ id }) => id !== identityId)
    const row = this.rows.get(identityId)
    if (row?.account !== accountId) return 'NOT_FOUND'
    if (!others.some(({ kind }) => kind !== 'password')) return 'LAST_IDENTITY'
    this.remove(row, accountId)
    if (row.key === account.primaryEmail) account.primaryEmail = null
    this.settle(account)
    return 'done'
  }

  suspend(id: string): Outcome {
    const account = this.account(this.survivorOf(id))
    if (account.suspended) return 'CONFLICT'
    account.suspended = true
    for (const session of this.sessions.values()) if (session.account === account.id) session.live = false
    return 'done'
  }

  reinstate(id: string): Outcome {
    const account = this.account(this.survivorOf(id))
    if (!account.suspended) return 'CONFLICT'
    account.suspended = false
    return 'done'
  }

  /** Begins the deletion of an account, or cancels it. */
  setDue(id: string, due: boolean): Outcome {
    const account = this.account(id)
    if (account.due === due) return 'CONFLICT'
    account.due = due
    return 'done'
  }

  /** Levels and what hangs on them, after rows came or went. */
  settle(account: ModelAccount): void {
    if (this.levelOf(account) === 'aal2') return
    for (const row of this.rowsOf(account.id, 'second_factor'))
      if (row.kind === 'recoveryCode') this.rows.delete(row.id)
  }

  /** All of it in the form in which the ground reads the tables. */
  contents(): object {
    const byId = <T extends { readonly id: string }>(things: Iterable<T>): T[] =>
      [...things].sort((one, two) => (one.id < two.id ? -1 : 1))
    return {
      accounts: byId(this.accounts.values()).map(({ createdAt, ...account }) => ({
        ...account,
        level: this.levelOf({ ...account, createdAt }),
        // They are those of its tokens, which an absorbed account has none of.
        absorbedIds: account.into === null ? this.absorbedIds(account.id) : null,
      })),
      rows: byId(this.rows.values()).map(({ id, table, kind, key, account, active }) => ({
        id,
        table,
        kind,
        key: kind === 'password' ? account : key,
        account,
        active,
      })),
      sessions: byId(this.sessions.values()),
    }
  }
}
