// The settings of passkeys: who relies on them, and from which pages.
import { parseOrigin } from '../../config/origin.js'
import { commaList, type ParseContext, SettingProblem, text, wholeNumber } from '../../config/setting.js'

/** Where WebAuthn works without HTTPS: browsers trust these hosts, because nothing leaves the machine. */
const isLocal = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost')

/** A domain name in small letters; WebAuthn accepts no address. A single label is a top-level domain, or localhost. */
const rpIdForm = /^(?:localhost|(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z](?:[a-z\d-]{0,61}[a-z\d])?)$/

/** True for a host that may be a relying party: a domain name, no address. */
export const isRpId = (host: string): boolean => host.length <= 253 && rpIdForm.test(host)

/** True if pages of this host may use passkeys of this relying party: the host is the RP ID or below it. */
export const isWithin = (host: string, rpId: string): boolean => host === rpId || host.endsWith(`.${rpId}`)

/** The host of an origin among the raw settings; null if it is not well-formed, which its own setting reports. */
const hostOf = (raw: string): string | null => (URL.canParse(raw) ? new URL(raw).hostname : null)

const publicHost = ({ other }: ParseContext): string | null =>
  hostOf(other('IDEM_PUBLIC_URL') ?? 'http://localhost')

const parseOrigins = (raw: string | undefined, { production }: ParseContext): readonly string[] => {
  const origins = commaList(raw).map(parseOrigin)
  for (const origin of origins) {
    const { protocol, hostname } = new URL(origin)
    if (protocol === 'https:' || (!production && isLocal(hostname))) continue
    throw new SettingProblem(
      `must list https origins${production ? '' : ', or ones on localhost'}, not "${origin}"`,
    )
  }
  return origins
}

/** The settings of passkeys. */
export const passkeySettings = {
  rpId: text(
    'IDEM_PASSKEY_RP_ID',
    'Domain to which passkeys belong, the RP ID: the host of their pages or one above it; under another, old ones are unknown',
    {
      defaultText: 'the host of IDEM_PUBLIC_URL',
      parse: (raw, context): string | null => {
        if (raw === undefined) return null
        if (!isRpId(raw))
          throw new SettingProblem(`must be a domain name in small letters such as example.org, not "${raw}"`)
        const host = publicHost(context)
        if (context.other('IDEM_PASSKEY_ORIGINS') === undefined && host !== null && !isWithin(host, raw))
          throw new SettingProblem(
            `must be the host of IDEM_PUBLIC_URL (${host}) or a domain above it, not "${raw}"; or set IDEM_PASSKEY_ORIGINS`,
          )
        return raw
      },
    },
  ),
  origins: text(
    'IDEM_PASSKEY_ORIGINS',
    'Comma list of the origins whose pages may use passkeys, beside IDEM_PUBLIC_URL; their hosts are the RP ID or below it',
    {
      defaultText: 'none in production; else any origin on localhost',
      parse: (raw, context): readonly (string | RegExp)[] => {
        if (raw === undefined) return context.production ? [] : [/^https?:\/\/localhost(:\d+)?$/]
        const rpId = context.other('IDEM_PASSKEY_RP_ID') ?? publicHost(context)
        const origins = parseOrigins(raw, context)
        const outside = origins.find((origin) => rpId !== null && !isWithin(hostOf(origin) ?? '', rpId))
        if (outside !== undefined)
          throw new SettingProblem(
            `lists ${outside}, which is not on ${rpId}: set IDEM_PASSKEY_RP_ID to a domain above all of them, or list it in IDEM_PASSKEY_RELATED_ORIGINS`,
          )
        return origins
      },
    },
  ),
  relatedOrigins: text(
    'IDEM_PASSKEY_RELATED_ORIGINS',
    'Comma list of origins on other domains for the same passkeys; browsers read it at https://RP-ID/.well-known/webauthn',
    {
      defaultText: 'none',
      parse: (raw, context): readonly string[] => {
        const origins = parseOrigins(raw, context)
        const rpId = context.other('IDEM_PASSKEY_RP_ID') ?? publicHost(context)
        const own = origins.find((origin) => rpId !== null && isWithin(hostOf(origin) ?? '', rpId))
        if (own !== undefined)
          throw new SettingProblem(`lists ${own}, which is on ${rpId}: list it in IDEM_PASSKEY_ORIGINS`)
        return origins
      },
    },
  ),
  challengeLifetimeSeconds: wholeNumber(
    'IDEM_PASSKEY_CHALLENGE_SECONDS',
    'Life of a passkey challenge, in which a person finds the device or the PIN, in seconds',
    { default: 300, least: 30, most: 3600 },
  ),
}
