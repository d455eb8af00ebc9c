// Hashes passwords by Argon2id (RFC 9106): a bounded number at once, so that logins cannot starve the process.
import type { ValuesOf } from '../config/setting.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Random } from '../runtime/random.js'
import type { passwordSettings } from './settings.js'
import { TurnQueue } from './turn-queue.js'

/** What a hasher needs. */
export interface PasswordHasherNeeds {
  readonly settings: ValuesOf<typeof passwordSettings>
  readonly random: Random
  readonly metrics: Pick<Metrics, 'passwordHashes'>
}

/** What can be done with a password in a turn. Passwords are in their one spelling (`password.ts`). */
export interface Hashing {
  /** True if a hash is of the password. Without a hash it takes the same work, and is false. */
  matches(hash: string | null, password: string): Promise<boolean>
  /** A new hash with a random salt, as a PHC string, which contains its parameters. */
  hash(password: string): Promise<string>
  /** True if a hash has the parameters of the settings. */
  isCurrent(hash: string): boolean
}

/** Lengths of salt and hash in bytes (RFC 9106 3.1 and 4). */
const [saltBytes, hashBytes] = [16, 32]

/** Loaded with the first password, because many installations have none. */
const load = async () => await import('@node-rs/argon2')

/** One lane: a login has one thread, and several logins run beside each other. */
const parallelism = 1

/** Base64 without padding, as PHC strings have it. */
const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')

/** Hashes passwords, a bounded number at once. */
export class PasswordHasher {
  readonly #turns: TurnQueue
  /** The hash of no password: random bytes in place of a result. */
  readonly #nobody: string

  constructor(private readonly needs: PasswordHasherNeeds) {
    const { settings, random } = needs
    this.#turns = new TurnQueue(settings)
    const parameters = `m=${settings.memoryKib},t=${settings.passes},p=${parallelism}`
    const [salt, result] = [random.bytes(saltBytes), random.bytes(hashBytes)]
    this.#nobody = `$argon2id$v=19$${parameters}$${unpadded(salt)}$${unpadded(result)}`
  }

  /** Refuses with `UNAVAILABLE` what `inTurn` would refuse now. */
  admit(network: string): void {
    this.#turns.admit(network)
  }

  /** Refuses the passwords that wait, and new ones, with `UNAVAILABLE`; those that are being hashed are finished. */
  close(): void {
    this.#turns.close()
  }

  /**
   * Runs work with passwords when it is its turn. `UNAVAILABLE` before any work if too many wait already, or too many of
   * the same network.
   */
  async inTurn<T>(network: string, work: (hashing: Hashing) => Promise<T>): Promise<T> {
    return await this.#turns.inTurn(network, async () => await work(await this.#hashing()))
  }

  async #hashing(): Promise<Hashing> {
    const argon2 = await load()
    const { settings, random, metrics } = this.needs
    return {
      matches: async (hash, password) => {
        metrics.passwordHashes.inc()
        return await argon2.verify(hash ?? this.#nobody, password)
      },
      hash: async (password) => {
        metrics.passwordHashes.inc()
        return await argon2.hash(password, {
          memoryCost: settings.memoryKib,
          timeCost: settings.passes,
          parallelism,
          outputLen: hashBytes,
          salt: random.bytes(saltBytes),
        })
      },
      isCurrent: (hash) => {
        const { memoryCost, timeCost } = argon2.parseOptions(hash)
        return memoryCost === settings.memoryKib && timeCost === settings.passes
      },
    }
  }
}
