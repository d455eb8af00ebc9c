// Reads the headers in which proxies name the client, from the end: only what the last proxy added is beyond doubt.

/** The headers: the one that most proxies write, and that of RFC 7239. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded'

/** True if the quote at `at` follows an odd number of backslashes (RFC 9110 5.6.4). */
const isEscaped = (text: string, at: number): boolean => {
  let first = at
  while (text[first - 1] === '\\') first -= 1
  return (at - first) % 2 === 1
}

/**
 * The parts between separators outside of quotes, the last part first; blank ones are left out (RFC 9110 5.6.1).
 * Because it begins at the end, a quote that a client left open does not reach the parts that proxies added after it.
 */
function* partsFromEnd(text: string, separator: ',' | ';'): Generator<string, void> {
  let end = text.length
  let isQuoted = false
  for (let at = text.length - 1; at >= -1; at -= 1) {
    const sign = at === -1 ? separator : text[at]
    if (sign === '"' && !isEscaped(text, at)) isQuoted = !isQuoted
    if (sign !== separator || (isQuoted && at !== -1)) continue
    const part = text.slice(at + 1, end).trim()
    end = at
    if (part !== '') yield part
  }
}

/** A parameter of an element of `Forwarded`. Values that need quotes are accepted without (RFC 7239 4). */
const parameterForm = /^(?<name>[\w!#$%&'*+.^`|~-]+)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s"]*))$/s

/** The node that `for` names; null if the element does not name one, or is not well-formed. */
const nodeOf = (element: string): string | null => {
  let node: string | null = null
  for (const part of partsFromEnd(element, ';')) {
    const { name, quoted, plain = '' } = parameterForm.exec(part)?.groups ?? {}
    if (name === undefined) return null
    if (name.toLowerCase() !== 'for') continue
    if (node !== null) return null
    node = quoted?.replace(/\\(.)/gs, '$1') ?? plain
  }
  return node
}

/** What each proxy named as its client, the nearest proxy first; null where it named none. */
export function* hopsOf(header: ForwardedHeader, value: string): Generator<string | null, void> {
  for (const element of partsFromEnd(value, ',')) yield header === 'forwarded' ? nodeOf(element) : element
}
