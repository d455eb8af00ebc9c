// Reads the URL of a server with a login, and names the part that is wrong, never its value.
import { SettingProblem, wrongPart } from './setting.js'

/** How a setting's URL begins. */
export interface UrlForm {
  /** Such as `redis` and `rediss`. */
  readonly schemes: readonly string[]
  /** Whether the setting is a list, in which a comma in a password would begin the next URL. */
  readonly isList: boolean
}

/** The signs that a password must not have as they are, and how they are written. */
const signsOf = ({ isList }: UrlForm): string =>
  isList ? '/ ? # , are written %2F %3F %23 %2C' : '/ ? # are written %2F %3F %23'

/** The URL. Throws `SettingProblem`: with `wrongPart` if it begins as it should. */
export const parseServerUrl = (raw: string, form: UrlForm): URL => {
  const { schemes } = form
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/is.exec(raw) ?? []
  if (!schemes.includes(scheme.toLowerCase()))
    throw new SettingProblem(
      `must begin with ${schemes.map((name) => `${name}://`).join(' or ')}; in a user or password ${signsOf(form)}`,
    )
  // The first of these ends the host, so that the rest of a password would be a path, a query or a fragment.
  const [, authority = '', behind = ''] = /^([^/?#]*)(.*)$/s.exec(rest) ?? []
  if (behind.includes('@'))
    throw wrongPart('password', `in it ${signsOf(form)} (and an @ behind the host %40)`)
  if (behind.includes('#')) throw wrongPart('end', 'there is a #; in a password it is written %23')
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  if (host === '') throw wrongPart('host', 'it is missing')
  if (URL.canParse(raw)) return new URL(raw)
  if (/^(?:\[[^\]]*\]|[^:]*):/.test(host))
    throw wrongPart(
      'port',
      `it must be a whole number up to 65535; an IPv6 address stands in brackets, [::1]; in a password ${signsOf(form)}`,
    )
  throw wrongPart('host', 'it must be a name or an address; an IPv6 address stands in brackets, [::1]')
}

/** The host without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

/** The user and the password, decoded; empty if they are not there. */
export const loginOf = ({
  username,
  password,
}: URL): { readonly user: string; readonly password: string } => ({
  user: decode(username, 'user'),
  password: decode(password, 'password'),
})

const decode = (raw: string, part: string): string => {
  try {
    return decodeURIComponent(raw)
  } catch {
    throw wrongPart(part, 'a % in it that begins no escape is written %25')
  }
}
