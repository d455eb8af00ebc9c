// Notes the origins whose pages were refused, so that an operator learns of one that the settings do not list.
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'

/** Origins that are logged, each once; strangers can name any number. */
const mostLogged = 20

/** What an origin looks like (RFC 6454 6.2), also that of an app; anything else is not repeated in the log. */
const originForm = /^(?:null|[a-z][a-z\d+.-]{0,30}:\/\/[a-z\d.:[\]_-]{1,253})$/

/** What noting refused origins needs. */
export interface RefusedOriginsNeeds {
  readonly logger: Logger
  readonly metrics: Metrics
}

/** The refused origins of one process. */
export class RefusedOrigins {
  readonly #logged = new Set<string>()

  constructor(private readonly needs: RefusedOriginsNeeds) {}

  /** Counts it, and logs it if it is new. */
  note(given: string): void {
    this.needs.metrics.refusedOrigins.inc()
    const origin = originForm.test(given) ? given : 'not an origin'
    if (this.#logged.size === mostLogged || this.#logged.has(origin)) return
    this.#logged.add(origin)
    const last = this.#logged.size === mostLogged ? '; further ones are only counted' : ''
    this.needs.logger.warn({ origin }, `IDEM_ALLOWED_ORIGINS does not list this origin of a page${last}`)
  }
}
