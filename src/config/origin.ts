// Parses an origin of the settings: scheme, host and port (RFC 6454 4), in the one spelling that browsers send.
import { SettingProblem } from './setting.js'

/** Scheme, the authority with perhaps a user, and what follows it. */
const parts = /^(?<scheme>https?:\/\/)(?<authority>[^/?#]*)(?<rest>.*)$/is
/** Labels of letters, digits and inner hyphens or underscores; or an IPv6 address in brackets. */
const hostForm =
  /^(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?(?:\.[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?)*|\[[\da-f:.]+\])$/
/** What URL parsers drop or turn into other signs silently. */
const strangeSign = /[\s\\]/

const restProblem = (rest: string): string | null => {
  if (rest === '' || rest === '/') return null
  return { '?': 'has a query', '#': 'has a fragment' }[rest.replace(/^\//, '').charAt(0)] ?? 'has a path'
}

const hostProblem = (url: URL, authority: string): string | null => {
  const written = authority.replace(/:\d*$/, '').toLowerCase()
  // URL parsers read `0x7f.1` as an address and decode escapes. International names become ASCII, which is meant.
  const isOther = written !== url.hostname && !/[^\0-\x7f]/.test(written) && !written.startsWith('[')
  if (!hostForm.test(url.hostname)) return 'has a host that is no name'
  if (isOther) return `has a host that means ${url.hostname}`
  return url.port === '0' ? 'has the port 0' : null
}

/** What is wrong with an origin, or the origin. */
const read = (raw: string): { readonly problem: string } | { readonly origin: string } => {
  if (raw.includes('*')) return { problem: 'has a wildcard' }
  const { authority, rest = '' } = parts.exec(raw)?.groups ?? {}
  if (authority === undefined) return { problem: 'does not begin with https:// or http://' }
  if (/^(?::\d*)?$/.test(authority)) return { problem: 'has no host' }
  if (strangeSign.test(raw) || !URL.canParse(raw)) return { problem: 'is not well-formed' }
  const url = new URL(raw)
  const problem = restProblem(rest) ?? hostProblem(url, authority)
  return problem === null ? { origin: url.origin } : { problem }
}

/** The origin, normalised: small letters, no default port, no slash at the end. Throws `SettingProblem`. */
export const parseOrigin = (raw: string): string => {
  const expected = 'must be an origin such as https://id.example.org'
  // It may have a password, which is not repeated.
  if (raw.includes('@')) throw new SettingProblem(`${expected}, but it names a user or password`)
  const found = read(raw.trim())
  if ('problem' in found) throw new SettingProblem(`${expected}, but "${raw.trim()}" ${found.problem}`)
  return found.origin
}
