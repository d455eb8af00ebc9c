// Return URLs: where the sign-in page may send people back to. Compared as text, so that no parser is fooled.
import { isLoopback } from '../config/loopback.js'
import { commaList, SettingProblem } from '../config/setting.js'

/** The return URLs of an installation. */
export interface ReturnUrls {
  /** Each in its canonical spelling. */
  readonly listed: readonly string[]
  /** True if every URL of this machine is one, as in development. */
  readonly anyOfThisMachine: boolean
}

/** True if people may be sent back to any URL at all. */
export const isSetUp = ({ listed, anyOfThisMachine }: ReturnUrls): boolean =>
  listed.length > 0 || anyOfThisMachine

/** A longer text is not compared. In characters. */
const longestUrl = 2_000

/** The URL, if `text` is its canonical spelling: HTTPS, or HTTP on this machine; no user, no fragment. Else the fault. */
const read = (text: string): URL | string => {
  if (text.length > longestUrl) return 'is too long'
  if (!URL.canParse(text)) return 'is not a URL'
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return 'names a user or password'
  if (text.includes('#')) return 'has a fragment'
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    return 'must be https, or http on this machine'
  if (url.hostname.endsWith('.')) return 'has a host that ends in a dot'
  if (url.href !== text) return `must be written as ${url.href}`
  return url
}

/** The setting's list. Throws `SettingProblem`. */
export const parseReturnUrls = (raw: string | undefined): readonly string[] =>
  commaList(raw).map((entry) => {
    // It may have a password, which is not repeated.
    if (entry.includes('@')) throw new SettingProblem('must list URLs without a user, a password or an @')
    if (entry.includes('*'))
      throw new SettingProblem(`must list whole URLs without wildcards, not "${entry}"`)
    const url = read(entry)
    if (typeof url === 'string')
      throw new SettingProblem(
        `must list URLs such as https://app.example.org/signed-in, but "${entry}" ${url}`,
      )
    return entry
  })

/** The URL without its port, by which URLs of this machine are compared. */
const withoutPort = (url: URL): string => {
  const copy = new URL(url)
  copy.port = ''
  return copy.href
}

/**
 * True if people may be sent back to exactly this URL. A listed URL of this machine stands for all ports, because an app
 * listens on one that is free (RFC 8252 7.3).
 */
export const isReturnUrl = ({ listed, anyOfThisMachine }: ReturnUrls, given: string): boolean => {
  if (listed.includes(given)) return true
  const url = read(given)
  if (typeof url === 'string' || !isLoopback(url.hostname)) return false
  return anyOfThisMachine || listed.some((each) => withoutPort(new URL(each)) === withoutPort(url))
}

/** A return URL with more parameters; its own are kept as they are (RFC 6749 3.1.2). */
export const withParameters = (returnUrl: string, parameters: Readonly<Record<string, string>>): string => {
  const separator = returnUrl.includes('?') ? '&' : '?'
  return `${returnUrl}${separator}${new URLSearchParams(parameters)}`
}
