// What operators say of an endpoint, parsed: its URL, its description, and the events that it wants.
import { isLoopback } from '../config/loopback.js'
import { Failure } from '../failure.js'
import { isStorable } from '../text/stored-text.js'
import { type EventType, eventTypes, isEventType } from './event.js'

/** Longest URL, in characters; what servers accept is not much longer. */
const longestUrl = 2_000

/**
 * The URL in its canonical form: https, or http on this machine, without a login and a fragment. Where the name leads
 * is checked at each delivery. Throws `BAD_USER_INPUT`.
 */
export const parseEndpointUrl = (raw: string): string => {
  const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field: 'url' })
  if (raw.length > longestUrl) throw refuse(`url must be at most ${longestUrl} characters.`)
  // The parser would drop line breaks and tabs silently.
  if (!isStorable(raw) || /[\s\p{Control}]/u.test(raw) || !URL.canParse(raw))
    throw refuse('url must be a URL such as https://example.org/hooks, without spaces and line breaks.')
  const url = new URL(raw)
  const isHere = url.protocol === 'http:' && isLoopback(url.hostname)
  if (url.protocol !== 'https:' && !isHere)
    throw refuse('url must begin with https://, or lead to this machine with http://.')
  if (url.username !== '' || url.password !== '')
    throw refuse('url must have no user and no password: the signature proves who sends.')
  if (url.hash !== '') throw refuse('url must have no # part: it is not sent.')
  // A host that is written in Unicode takes more characters now.
  if (url.href.length > longestUrl) throw refuse(`url must be at most ${longestUrl} characters.`)
  return url.href
}

/** The wanted types, each once; null for all. Throws `BAD_USER_INPUT`. */
export const parseEventTypes = (raw: readonly string[] | null): readonly EventType[] | null => {
  if (raw === null) return null
  const refuse = () =>
    new Failure('BAD_USER_INPUT', `eventTypes must be some of ${eventTypes.join(', ')}, or null for all.`, {
      field: 'eventTypes',
    })
  if (raw.length === 0 || raw.length > eventTypes.length || !raw.every(isEventType)) throw refuse()
  return [...new Set(raw)]
}
