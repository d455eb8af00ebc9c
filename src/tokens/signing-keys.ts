// The store of signing keys: encrypted in the database, decrypted once per process, read again when a process adds one.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { Call } from '../database/call.js'
import type { Database } from '../database/database.js'
import { rowOf } from '../database/row.js'
import { Failure, OperatorProblem } from '../failure.js'
import type { Random } from '../runtime/random.js'
import type { KeyRing } from './key-ring.js'
import { seal, unseal } from './sealed-value.js'
import { SigningKey } from './signing-key.js'

/** A decrypted key in this process. */
interface OpenKey {
  readonly kid: string
  readonly publicJwk: JWK
  readonly publicKey: CryptoKey
  readonly privateKey: KeyObject
  readonly signsFrom: Date
}

/** An old key stays published for this long after its last token has expired, in seconds. */
const graceSeconds = 3600

/**
 * Shortest time between two reads because of an unknown key id, in milliseconds: tokens with invented ids must not
 * cause one each.
 */
const rereadMilliseconds = 1_000

/** None of the listed secrets decrypts a signing key; the message tells the operator what to do. */
export class ForeignSigningKey extends OperatorProblem {
  override readonly name = 'ForeignSigningKey'
  constructor(kid: string) {
    super(
      `IDEM_SECRET does not open the signing key ${kid}. It was sealed with another secret: append that one to the list (IDEM_SECRET=new,old).`,
      { kind: 'data' },
    )
  }
}

const remove = {
  name: 'idem_signing_key_remove',
  text: 'delete from signing_key where kid = any($1::text[]) returning kid',
}

/** A new key. */
export interface AddedKey {
  readonly kid: string
  readonly signsFrom: Date
}

/** What `SigningKeys` needs. */
export interface SigningKeysOptions {
  readonly database: Database
  readonly keyRing: KeyRing
  readonly random: Random
  readonly accessTokenLifetimeSeconds: number
}

const importPair = async (key: SigningKey, privateJwk: JWK): Promise<OpenKey> => ({
  kid: key.kid,
  publicJwk: key.publicJwk,
  signsFrom: key.signsFrom,
  publicKey: (await importJWK(key.publicJwk, 'EdDSA')) as CryptoKey,
  privateKey: createPrivateKey({ key: privateJwk, format: 'jwk' }),
})

/** The signing keys of the installation, as of this process's last read. */
export class SigningKeys {
  #keys: readonly OpenKey[] = []
  #reading: Promise<void> = Promise.resolve()
  #readForUnknownAt = Number.NEGATIVE_INFINITY

  constructor(private readonly options: SigningKeysOptions) {}

  /** Reads the keys. Fails if a key was encrypted with a secret that is no longer listed. */
  async read(): Promise<void> {
    // Reads run one after the other: a running read may have missed the change that caused this one.
    const reading = this.#reading.then(() => this.#read())
    this.#reading = reading.catch(() => undefined)
    await reading
  }

  /** The key that signs at `now`: the newest with `signsFrom` in the past, or the earliest if there is none. */
  current(now: Date): OpenKey {
    const due = this.#keys.filter((key) => key.signsFrom <= now)
    const newest = due.at(-1) ?? this.#keys[0]
    if (newest === undefined)
      throw new Failure('UNAVAILABLE', undefined, { reason: 'no signing key', retryAfterSeconds: 2 })
    return newest
  }

  /**
   * The key with this id if it verifies at `now`, or null. For an unknown id it reads again: another process may have
   * added the key.
   */
  async find(kid: string, now: Date): Promise<OpenKey | null> {
    const find = () => this.#published(now).find((key) => key.kid === kid) ?? null
    const known = find()
    if (known !== null) return known
    if (Math.abs(now.getTime() - this.#readForUnknownAt) < rereadMilliseconds) await this.#reading
    else {
      this.#readForUnknownAt = now.getTime()
      await this.read()
    }
    return find()
  }

  /** The public keys as a JWK set (RFC 7517): next, current, and those whose tokens may not have expired. */
  jwks(now: Date): { readonly keys: readonly JWK[] } {
    return {
      keys: this.#published(now).map((key) => ({ ...key.publicJwk, kid: key.kid, alg: 'EdDSA', use: 'sig' })),
    }
  }

  /** Adds a key that signs after `leadSeconds`, so that verifiers can fetch it before. */
  async add(call: Call, leadSeconds: number): Promise<AddedKey> {
    const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
    const publicJwk = await exportJWK(pair.publicKey)
    const kid = await calculateJwkThumbprint(publicJwk)
    const signsFrom = new Date(call.now.getTime() + leadSeconds * 1000)
    const sealedPrivateJwk = seal(this.options, 'signing-key', await exportJWK(pair.privateKey))
    await call.write(rowOf(SigningKey, { kid, publicJwk, sealedPrivateJwk, createdAt: call.now, signsFrom }))
    return { kid, signsFrom }
  }

  /** Whether there is any key. Takes a lock, so that no other transaction adds one before this one ends. */
  async lockAny(call: Call): Promise<boolean> {
    await call.em.execute('lock table signing_key in share row exclusive mode')
    return (await call.em.count(SigningKey)) > 0
  }

  /** When the newest key was made, or null if there is none. */
  async newestMadeAt(call: Call): Promise<Date | null> {
    const newest = await call.em.findOne(SigningKey, { kid: { $ne: '' } }, { orderBy: { createdAt: 'desc' } })
    return newest?.createdAt ?? null
  }

  /** Removes the keys that no longer verify any token, and returns their ids. */
  async removeOutlived(call: Call): Promise<string[]> {
    const published = new Set(this.#published(call.now).map(({ kid }) => kid))
    const outlived = this.#keys.map(({ kid }) => kid).filter((kid) => !published.has(kid))
    return await this.#remove(call, outlived)
  }

  /**
   * Removes every key except `kid` and returns their ids, after a private key has leaked. Their tokens become invalid.
   */
  async removeOthers(call: Call, kid: string): Promise<string[]> {
    const others = await call.em.find(SigningKey, { kid: { $ne: kid } })
    return await this.#remove(
      call,
      others.map((other) => other.kid),
    )
  }

  async #remove(call: Call, kids: readonly string[]): Promise<string[]> {
    return (await call.run<{ kid: string }>(remove, [kids])).map(({ kid }) => kid)
  }

  /** A key verifies until its successor has signed for a token's lifetime, plus a grace period. */
  #published(now: Date): readonly OpenKey[] {
    const keepMilliseconds = (this.options.accessTokenLifetimeSeconds + graceSeconds) * 1000
    return this.#keys.filter((_, index) => {
      const successor = this.#keys[index + 1]
      return successor === undefined || now.getTime() < successor.signsFrom.getTime() + keepMilliseconds
    })
  }

  async #read(): Promise<void> {
    const em = this.options.database.orm.em.fork()
    const rows = await em.find(SigningKey, {}, { orderBy: { signsFrom: 'asc', createdAt: 'asc' } })
    const known = new Map(this.#keys.map((key) => [key.kid, key]))
    this.#keys = await Promise.all(rows.map(async (row) => known.get(row.kid) ?? (await this.#open(row))))
  }

  async #open(row: SigningKey): Promise<OpenKey> {
    const opened = unseal(this.options.keyRing, 'signing-key', row.sealedPrivateJwk)
    if (opened === null) throw new ForeignSigningKey(row.kid)
    // Encrypted by us, so its content is what `add` wrote.
    const privateJwk = opened.data as JWK
    if (opened.byOlderSecret) await this.#reseal(row, privateJwk)
    return await importPair(row, privateJwk)
  }

  /** Encrypts it again with the first secret, so that the older secret can be removed from the list after one start. */
  async #reseal(row: SigningKey, privateJwk: JWK): Promise<void> {
    const sealedPrivateJwk = seal(this.options, 'signing-key', privateJwk)
    await this.options.database.orm.em.fork().nativeUpdate(SigningKey, { kid: row.kid }, { sealedPrivateJwk })
  }
}
