// A session that keeps its own access token fresh, alone or beside others that share its store.

import { type Clock, systemClock } from './clock.js'
import type { ServerIdentity } from './discovery.js'
import { IdemError } from './idem-error.js'
import type { TokenStore } from './token-store.js'
import { isFresh, type KeptTokens, keepTokens, refreshSession, type Tokens } from './tokens.js'
import { type GraphqlCall, type Transport, withBearer } from './transport.js'

/** What a session is made of. */
export interface SessionOptions {
  /** Bare, without a bearer. */
  readonly transport: Transport
  readonly store: TokenStore
  /** Signs in anew once the session is over; without it that ends in `SIGNED_OUT`. */
  readonly signInAgain?: () => Promise<Tokens>
  readonly clock?: Clock
}

/** A transport that acts for whoever is signed in. Throws `SIGNED_OUT` when that is nobody. */
export class Session implements Transport {
  readonly #transport: Transport
  readonly #store: TokenStore
  readonly #signInAgain: (() => Promise<Tokens>) | null
  readonly #clock: Clock
  #renewal: Promise<KeptTokens> | null = null

  constructor(options: SessionOptions) {
    this.#transport = options.transport
    this.#store = options.store
    this.#signInAgain = options.signInAgain ?? null
    this.#clock = options.clock ?? systemClock
  }

  /** Tokens whose access token serves for another minute, refreshed if need be; one refresh at a time. */
  async tokens(): Promise<KeptTokens> {
    const kept = await this.#store.read()
    if (kept === null && this.#signInAgain === null) throw signedOut()
    return kept !== null && isFresh(kept, this.#clock()) ? kept : this.#renew(null)
  }

  /** Which server this is. */
  identify(): Promise<ServerIdentity> {
    return this.#transport.identify()
  }

  /** Sends with the bearer; one that is refused before its time is renewed and the call sent once more. */
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

  /** Replaces the tokens by those that `prove` gets with the current bearer, while nobody refreshes. */
  async stepUp(prove: (bearer: Transport) => Promise<Tokens>): Promise<void> {
    await this.tokens()
    await this.#store.update(async (current) => {
      if (current === null) throw signedOut()
      return this.#keep(await prove(withBearer(this.#transport, current.accessToken)))
    })
  }

  /** Starts at most one renewal; whoever asks meanwhile waits for the same. */
  #renew(refusedAccessToken: string | null): Promise<KeptTokens> {
    this.#renewal ??= this.#renewStored(refusedAccessToken).finally(() => {
      this.#renewal = null
    })
    return this.#renewal
  }

  async #renewStored(refusedAccessToken: string | null): Promise<KeptTokens> {
    const renewed = await this.#store.update(async (current) => {
      if (current === null) return this.#startOver()
      const renewedMeanwhile = current.accessToken !== refusedAccessToken && isFresh(current, this.#clock())
      return renewedMeanwhile ? current : this.#successor(current)
    })
    if (renewed === null) throw signedOut()
    return renewed
  }

  async #successor(current: KeptTokens): Promise<KeptTokens | null> {
    try {
      return this.#keep(await refreshSession(this.#transport, current.refreshToken))
    } catch (error) {
      if (!(error instanceof IdemError) || !endsTheSession.has(error.code)) throw error
      return this.#startOver()
    }
  }

  async #startOver(): Promise<KeptTokens | null> {
    return this.#signInAgain === null ? null : this.#keep(await this.#signInAgain())
  }

  #keep(tokens: Tokens): KeptTokens {
    return keepTokens(tokens, this.#clock())
  }
}

/** Refusals of a refresh that no later try can turn into success. */
const endsTheSession: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'REFRESH_REUSED'])

const signedOut = (): IdemError => new IdemError('SIGNED_OUT', 'Nobody is signed in, or the session is over.')
