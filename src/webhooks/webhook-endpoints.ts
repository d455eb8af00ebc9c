// The store of webhook endpoints; it also knows, without asking the database, which events any of them wants.
import type { JWK } from 'jose'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import type { Database } from '../database/database.js'
import type { Notifications } from '../database/notifications.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import type { Logger } from '../runtime/logger.js'
import { type EventType, eventTypes } from './event.js'
import { type DisabledBecause, publicKeysOf, WebhookEndpoint, whpkOf } from './webhook-endpoint.js'

/** What `WebhookEndpoints` needs. */
export interface WebhookEndpointsOptions {
  readonly database: Pick<Database, 'run'>
  readonly notifications: Pick<Notifications, 'on'>
  readonly logger: Logger
}

/** What an operator can change. */
export type EndpointChanges = Partial<Pick<WebhookEndpoint, 'url' | 'description' | 'eventTypes'>>

/** The keys of a rotation. */
export interface EndpointRotation {
  readonly id: string
  readonly sealedKeys: string
  readonly publicKey: string
  /** Until when the keys before sign too. */
  readonly rotatedUntil: Date
}

/** Sealed keys, and those that they are to become. */
export interface ResealedKeys {
  readonly id: string
  /** What is replaced: a rotation meanwhile is kept. */
  readonly before: string
  readonly sealedKeys: string
  readonly sealedPreviousKeys: string | null
}

/** Wait before the wanted events are read again after a failure, in milliseconds. */
const rereadMilliseconds = 1_000

const wanted = {
  name: 'idem_webhook_wanted',
  text: `select distinct coalesce(event_types, $1::text[]) as types from webhook_endpoint where is_enabled`,
}

const enable = {
  name: 'idem_webhook_endpoint_enable',
  text: `update webhook_endpoint set is_enabled = true, disabled_at = null, disabled_because = null,
      first_failed_at = null
    where id = $1::uuid and not is_enabled returning id`,
}

const disable = {
  name: 'idem_webhook_endpoint_disable',
  text: `update webhook_endpoint set is_enabled = false, disabled_at = $2::timestamptz, disabled_because = $3
    where id = $1::uuid and is_enabled returning id, url`,
}

const rotate = {
  name: 'idem_webhook_endpoint_rotate',
  text: `update webhook_endpoint set sealed_previous_keys = sealed_keys, previous_public_key = public_key,
      sealed_keys = $2, public_key = $3, rotated_until = $4::timestamptz
    where id = $1::uuid returning id`,
}

const remove = {
  name: 'idem_webhook_endpoint_remove',
  text: 'delete from webhook_endpoint where id = $1::uuid returning id',
}

const reseal = {
  name: 'idem_webhook_endpoint_reseal',
  text: `update webhook_endpoint set sealed_keys = $2, sealed_previous_keys = $3
    where id = $1::uuid and sealed_keys = $4`,
}

const wake = {
  name: 'idem_webhook_endpoint_wake',
  text: `update webhook_endpoint p set woken_at = $1::timestamptz
    where p.is_enabled and (p.woken_at is null or p.woken_at <= $2::timestamptz) and exists (
      select 1 from webhook_delivery d
      where d.endpoint_id = p.id and d.state = 'PENDING' and d.next_attempt_at <= $1::timestamptz
        and (d.leased_until is null or d.leased_until <= $1::timestamptz))
    returning id`,
}

const notFound = (): Failure =>
  new Failure('NOT_FOUND', 'No such webhook endpoint.', { reason: 'no endpoint with this id' })

/** The endpoints of the installation. */
export class WebhookEndpoints {
  /** The events that enabled endpoints want, as of the last read; null while that is not known. */
  #wanted: ReadonlySet<EventType> | null = null
  #reading: Promise<void> = Promise.resolve()
  /** The number of reads that were asked for. */
  #asked = 0

  constructor(private readonly options: WebhookEndpointsOptions) {
    options.notifications.on('webhook_endpoint', () => this.#reread())
  }

  /** Reads which events are wanted; later changes of any process are followed within a second. */
  async read(): Promise<void> {
    // Reads run one after the other: a running one may have missed the change that caused this one.
    this.#asked += 1
    const asked = this.#asked
    const reading = this.#reading.then(() => this.#read(asked))
    this.#reading = reading.catch(() => undefined)
    await reading
    // The result of a read counts only if no other was asked for meanwhile, so the last one is waited for.
    for (let last: unknown = null; last !== this.#reading; ) {
      last = this.#reading
      await last
    }
  }

  /**
   * The same without waiting, for who starts while the database may be away: it is read again until that succeeds. Until
   * then every event counts as wanted.
   */
  follow(): void {
    this.#reread()
  }

  /** True if an enabled endpoint wants these events, or it is not known yet. Asks nobody. */
  wants(type: EventType): boolean {
    return this.#wanted?.has(type) ?? true
  }

  /** True if any endpoint is enabled, or it is not known yet. Asks nobody. */
  get isAnyEnabled(): boolean {
    return this.#wanted === null || this.#wanted.size > 0
  }

  /** All endpoints, oldest first. */
  async list(call: Call): Promise<WebhookEndpoint[]> {
    return await call.em.find(WebhookEndpoint, {}, { orderBy: { id: 'asc' }, refresh: true })
  }

  /** The endpoint with this id, or null. */
  async find(call: Call, id: string): Promise<WebhookEndpoint | null> {
    return await call.em.findOne(WebhookEndpoint, { id }, { refresh: true })
  }

  /** The endpoint with this id; `NOT_FOUND` if there is none. */
  async get(call: Call, id: string): Promise<WebhookEndpoint> {
    const endpoint = await this.find(call, id)
    if (endpoint === null) throw notFound()
    return endpoint
  }

  /** The number of endpoints. Takes a lock, so that no other transaction adds one before this one ends. */
  async lockCount(call: Call): Promise<number> {
    await call.em.execute('lock table webhook_endpoint in share row exclusive mode')
    return await call.em.count(WebhookEndpoint)
  }

  /** The row of a new endpoint. */
  row(call: Call, endpoint: WebhookEndpoint): Row {
    this.#forgetAfter(call)
    return rowOf(WebhookEndpoint, endpoint)
  }

  /** Changes what operators say of it, in the caller's transaction. */
  async describe(call: Call, id: string, changes: EndpointChanges): Promise<void> {
    if (Object.keys(changes).length === 0) return
    if ((await call.em.nativeUpdate(WebhookEndpoint, { id }, changes)) === 0) throw notFound()
    this.#forgetAfter(call)
  }

  /** Enables it; false if it is enabled already, and then nothing is written. */
  async enable(call: Call, id: string, ...parts: readonly Part[]): Promise<boolean> {
    const enabled = await call.change({ statement: enable, values: [id] }, ...parts)
    this.#forgetAfter(call)
    return enabled.length > 0
  }

  /** Disables it; false if it is disabled already, and then nothing is written. */
  async disable(
    call: Call,
    { id, because }: { readonly id: string; readonly because: DisabledBecause },
    ...parts: readonly Part[]
  ): Promise<boolean> {
    const values = [id, call.now, because]
    const disabled = await call.change({ statement: disable, values }, ...parts)
    this.#forgetAfter(call)
    return disabled.length > 0
  }

  /** Replaces its keys; `NOT_FOUND` if there is no such endpoint. */
  async rotate(call: Call, rotation: EndpointRotation, ...parts: readonly Part[]): Promise<void> {
    const { id, sealedKeys, publicKey, rotatedUntil } = rotation
    const values = [id, sealedKeys, publicKey, rotatedUntil]
    if ((await call.change({ statement: rotate, values }, ...parts)).length === 0) throw notFound()
  }

  /** Removes it with its deliveries; `NOT_FOUND` if there is no such endpoint. */
  async remove(call: Call, id: string, ...parts: readonly Part[]): Promise<void> {
    const removed = await call.change({ statement: remove, values: [id] }, ...parts)
    if (removed.length === 0) throw notFound()
    this.#forgetAfter(call)
  }

  /** Stores keys that were sealed anew. */
  async reseal(call: Call, keys: ResealedKeys): Promise<void> {
    await call.run(reseal, [keys.id, keys.sealedKeys, keys.sealedPreviousKeys, keys.before])
  }

  /** The ids of enabled endpoints with a delivery that is due, unless they were returned since `wokenBefore`. */
  async wakeDue(call: Call, wokenBefore: Date): Promise<string[]> {
    return (await call.run<{ id: string }>(wake, [call.now, wokenBefore])).map(({ id }) => id)
  }

  /** The public Ed25519 keys of all endpoints as a JWK set (RFC 7517), those of a rotation too while they sign. */
  async jwks(call: Call): Promise<{ readonly keys: readonly EndpointJwk[] }> {
    const endpoints = await this.list(call)
    return { keys: endpoints.flatMap((endpoint) => publicKeysOf(endpoint, call.now).map(jwkOf(endpoint.id))) }
  }

  /** What this process has just changed is not known until it is read again, so that no event of it is missed. */
  #forgetAfter(call: Call): void {
    call.afterCommit(() => {
      this.#wanted = null
      this.#reread()
    })
  }

  #reread(): void {
    this.read().catch((error: unknown) => {
      this.options.logger.debug({ err: error }, 'the wanted events cannot be read just now; trying again')
      setTimeout(() => this.#reread(), rereadMilliseconds).unref()
    })
  }

  /** What a read returns is of no use once another was asked for, which may know of a later change. */
  async #read(asked: number): Promise<void> {
    const rows = await this.options.database.run<{ types: readonly EventType[] }>(wanted, [eventTypes])
    if (asked === this.#asked) this.#wanted = new Set(rows.flatMap(({ types }) => types))
  }
}

/** A public key, with the id of its endpoint. */
export type EndpointJwk = JWK & { readonly endpoint: string }

/** The key that verifies the `v1a` signatures of an endpoint, under its name in Standard Webhooks. */
const jwkOf =
  (endpoint: string) =>
  (x: string): EndpointJwk => ({
    kty: 'OKP',
    crv: 'Ed25519',
    x,
    kid: whpkOf(x),
    endpoint,
    alg: 'EdDSA',
    use: 'sig',
  })
