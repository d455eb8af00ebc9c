// A session that refreshes its access token automatically. Several sessions may share one store.

import { type Clock, systemClock } from './clock.js'
import type { ServerIdentity } from './discovery.js'
import { IdemError } from './idem-error.js'
import type { KeepTokens, TokenChange, TokenStore } from './token-store.js'
import {
  endKeptSession,
  isFresh,
  type KeptTokens,
  keepTokens,
  refreshSession,
  saysSessionIsOver,
  type Tokens,
} from './tokens.js'
import { type GraphqlCall, type Transport, withBearer } from './transport.js'

/** The parts of a session. */
export interface SessionOptions {
  /** A transport without a bearer. */
  readonly transport: Transport
  readonly store: TokenStore
  /** Signs in again after the session has ended; without it, that throws `SIGNED_OUT`. */
  readonly signInAgain?: () => Promise<Tokens>
  readonly clock?: Clock
}

/** A transport with the session's bearer. Throws `SIGNED_OUT` if there is no session. */
export class Session implements Transport {
  readonly #transport: Transport
  readonly #store: TokenStore
  readonly #signInAgain: (() => Promise<Tokens>) | null
  readonly #clock: Clock
  #renewal: Promise<KeptTokens> | null = null
  /** The number of sign-outs. The result of an operation that began before the last one is not stored. */
  #signOuts = 0
  #signOutsUnderWay = 0

  constructor(options: SessionOptions) {
    this.#transport = options.transport
    this.#store = options.store
    this.#signInAgain = options.signInAgain ?? null
    this.#clock = options.clock ?? systemClock
  }

  /**
   * Tokens whose access token is valid for at least another minute. Refreshes if necessary, once for concurrent calls.
   */
  async tokens(): Promise<KeptTokens> {
    const kept = await this.#store.read()
    const isOver = kept === null && this.#signInAgain === null
    if (isOver || this.#signOutsUnderWay > 0) throw signedOut()
    return kept !== null && isFresh(kept, this.#clock()) ? kept : this.#renew(null)
  }

  /** The server's origins. */
  identify(): Promise<ServerIdentity> {
    return this.#transport.identify()
  }

  /**
   * Sends the call with the bearer. If the bearer is refused before it expires, renews it and sends the call once more.
   */
  async send<Data>(call: GraphqlCall): Promise<Data> {
    const { accessToken } = await this.tokens()
    try {
      return await this.#transport.send<Data>({ ...call, accessToken })
    } catch (error) {
      if (!(error instanceof IdemError) || error.code !== 'UNAUTHENTICATED') throw error
      const renewed = await this.#renew(accessToken)
      return this.#transport.send<Data>({ ...call, accessToken: renewed.accessToken })
    }
  }

  /**
   * Replaces the tokens by those that `prove` gets with the current bearer. Under the store's lock, so that no refresh
   * happens meanwhile.
   */
  async stepUp(prove: (bearer: Transport) => Promise<Tokens>): Promise<void> {
    await this.tokens()
    const proven = await this.#update(async (current) => {
      if (current === null) throw signedOut()
      return this.#keep(await prove(withBearer(this.#transport, current.accessToken)))
    })
    if (proven === null) throw signedOut()
  }

  /**
   * Ends the session in the store in any case, and at the server; throws `IdemError` if the server could not be
   * reached. The results of running refreshes and sign-ins are not stored, and their sessions are ended.
   */
  async signOut(): Promise<void> {
    this.#signOuts += 1
    this.#signOutsUnderWay += 1
    let failure: unknown = null
    const note = (error: unknown): void => {
      failure = error
    }
    try {
      await this.#store.update(async (current) => {
        if (current !== null) await this.#end(current).catch(note)
        return null
      })
    } finally {
      this.#signOutsUnderWay -= 1
    }
    if (failure !== null) throw failure
  }

  /** Renews the tokens; concurrent calls share one renewal. */
  #renew(refusedAccessToken: string | null): Promise<KeptTokens> {
    this.#renewal ??= this.#renewStored(refusedAccessToken).finally(() => {
      this.#renewal = null
    })
    return this.#renewal
  }

  async #renewStored(refusedAccessToken: string | null): Promise<KeptTokens> {
    const renewed = await this.#update(async (current, keep) => {
      if (current === null) return this.#startOver(keep)
      const renewedMeanwhile = current.accessToken !== refusedAccessToken && isFresh(current, this.#clock())
      return renewedMeanwhile ? current : this.#successor(current, keep)
    })
    if (renewed === null) throw signedOut()
    return renewed
  }

  /** Updates the store. After a sign-out meanwhile, ends the new session and stores nothing. */
  async #update(change: TokenChange): Promise<KeptTokens | null> {
    const signOuts = this.#signOuts
    const refuseSignedOut = (): void => {
      if (signOuts !== this.#signOuts) throw signedOut()
    }
    const updated = await this.#store.update(async (current, keep) => {
      refuseSignedOut()
      const next = await change(current, keep)
      if (next === null || signOuts === this.#signOuts) return next
      // If ending fails, the waiting sign-out gets the tokens, tries again and reports the failure.
      return this.#end(next).then(
        () => null,
        () => next,
      )
    })
    refuseSignedOut()
    return updated
  }

  /** Stores that a refresh has started before sending it, so that after a crash the next process repeats it in time. */
  async #successor(current: KeptTokens, keep: KeepTokens): Promise<KeptTokens | null> {
    await keep({ ...current, refreshStartedAt: this.#clock().toISOString() })
    try {
      return this.#keep(await refreshSession(this.#transport, current.refreshToken))
    } catch (error) {
      if (!saysSessionIsOver(error)) throw error
      return this.#startOver(keep)
    }
  }

  /** Signs in again. A session that cannot be stored is ended, because it would stay open unused. */
  async #startOver(keep: KeepTokens): Promise<KeptTokens | null> {
    if (this.#signInAgain === null) return null
    const opened = this.#keep(await this.#signInAgain())
    try {
      await keep(opened)
      return opened
    } catch (error) {
      await this.#end(opened).catch(() => undefined) // the first error is reported
      throw error
    }
  }

  #end(tokens: KeptTokens): Promise<boolean> {
    return endKeptSession(this.#transport, tokens, this.#clock())
  }

  #keep(tokens: Tokens): KeptTokens {
    return keepTokens(tokens, this.#clock())
  }
}

const signedOut = (): IdemError => new IdemError('SIGNED_OUT', 'Nobody is signed in, or the session is over.')
