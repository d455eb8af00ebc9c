// Which methods an address is served with, to answer any other with 405 and `Allow` (RFC 9110 15.5.6).
import type { FastifyInstance } from 'fastify'
import { HttpRefusal } from './refusal.js'

/** The scheme and host of a request's target in absolute form (RFC 9112 3.2.2). */
const absolutePart = /^https?:\/\/[^/?#]*/i

/** What a parameter of a route may be: not empty, and in its usual spelling (see spelling). */
const parameterForm = /^[^%#]+$/

const fits = (pattern: readonly string[], path: readonly string[]): boolean =>
  pattern.length === path.length &&
  pattern.every((part, index) =>
    part.startsWith(':') ? parameterForm.test(path[index] ?? '') : part === path[index],
  )

/** The routes of an application, as they are added. */
export class ServedMethods {
  readonly #methods = new Map<string, Set<string>>()

  /** Watches the routes that are added from now on. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      // The answer to preflights is for every address.
      if (url === '*') return
      const methods = this.#methods.get(url) ?? new Set()
      for (const each of [method].flat()) methods.add(each)
      this.#methods.set(url, methods)
    })
  }

  /** The refusal for a request that no route takes: 405 if one does with another method, else 404. */
  refusal(target: string): HttpRefusal {
    const methods = this.#methodsAt(target.replace(absolutePart, '').replace(/\?.*$/s, ''))
    if (methods === undefined)
      return new HttpRefusal(404, {
        sentence: 'Nothing is served here. GraphQL is at POST /graphql.',
        code: 'NOT_FOUND',
      })
    const allow = [...methods].sort().join(', ')
    return new HttpRefusal(405, { sentence: `Only ${allow} is served here.`, headers: { allow } })
  }

  #methodsAt(path: string): ReadonlySet<string> | undefined {
    const own = this.#methods.get(path)
    if (own !== undefined) return own
    // The server as a whole (RFC 9110 9.3.7).
    if (path === '*') return new Set([...this.#methods.values()].flatMap((methods) => [...methods]))
    const parts = path.split('/')
    for (const [pattern, methods] of this.#methods)
      if (pattern.includes(':') && fits(pattern.split('/'), parts)) return methods
    return undefined
  }
}
