// An email address: parsed strictly into one canonical spelling (RFC 5321 4.1.2, RFC 5890).
import { domainToASCII, domainToUnicode } from 'node:url'
import { Failure } from '../failure.js'

/**
 * A local part of 64, an @ and a domain of 255 octets (RFC 5321 4.5.3.1); longer inputs are refused before any work. In
 * characters.
 */
const longestInput = 320
/** RFC 5321 4.5.3.1.1. In octets. */
const longestLocalPart = 64
/** RFC 1035 2.3.4, without the root's own octet and the first length. In octets. */
const longestDomain = 253
/** A path has 256 octets with its angle brackets (RFC 5321 4.5.3.1.3). In octets. */
const longestAddress = 254

/** Characters that look like an @: the full-width and the small one. */
const lookAlikeAt = /[\uff20\ufe6b]/

/** RFC 5321 4.1.2 `Dot-string`: no quotes, no comments, nothing beyond ASCII. */
const dotString = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/** RFC 5890 2.3.1: letters, digits and inner hyphens, at most 63 octets. */
const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** The ASCII characters of a domain. Excludes brackets of address literals, ports, percent signs and spaces. */
const onlyHostCharacters = /^[a-z0-9.\-\u0080-\u{10ffff}]+$/u

/** Lower case of ASCII capitals only. */
const foldAscii = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** Case folded, except letters that would become ASCII by it, such as the Kelvin sign; those are refused later. */
const foldCase = (text: string): string =>
  text.replace(/\P{ASCII}/gu, (letter) => {
    const lower = letter.toLowerCase()
    return /^\p{ASCII}+$/u.test(lower) ? letter : lower
  })

/**
 * True if IDNA changed only the case and the encoding of a label. IDNA also drops invisible characters and maps
 * look-alikes to ASCII, which would give one mailbox several spellings, and it accepts `xn--` labels that cannot be
 * decoded.
 */
const isPlainlyWritten = (written: string, label: string): boolean => {
  const unicode = domainToUnicode(label)
  const isEncoded = label.startsWith('xn--')
  if (isEncoded && (unicode === label || domainToASCII(unicode) !== label)) return false
  return hostLabel.test(label) && (written === label || (isEncoded && written === unicode))
}

/** The domain with A-labels; null for a text that is not a domain name. */
const parseDomain = (raw: string): string | null => {
  const written = foldCase(raw).normalize('NFC')
  if (!onlyHostCharacters.test(written)) return null
  const domain = domainToASCII(written)
  const [labels, writtenLabels] = [domain.split('.'), written.split('.')]
  if (labels.length < 2 || labels.length !== writtenLabels.length || domain.length > longestDomain)
    return null
  // A domain that ends with a number is an IPv4 address (RFC 3696 2).
  if (/^\d+$/.test(labels.at(-1) ?? '')) return null
  return labels.every((label, index) => isPlainlyWritten(writtenLabels[index] ?? '', label)) ? domain : null
}

/**
 * The canonical spelling of an address: ASCII letters in lower case, the domain with A-labels. Only spaces around it
 * are removed. Throws `BAD_USER_INPUT` for `field`; the sentence never contains the address.
 */
export const parseAddress = (raw: string, field: string): string => {
  const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field })
  if (raw.length > longestInput) throw refuse('This is too long for an email address.')
  const text = foldAscii(raw.replace(/^ +| +$/g, ''))
  if (/[,;]/.test(text)) throw refuse('Give one email address, not a list.')
  const [local = '', rawDomain = '', ...others] = text.split('@')
  if (rawDomain === '' || others.length > 0 || lookAlikeAt.test(text))
    throw refuse('An email address has exactly one @ between a name and a domain, such as ada@example.org.')
  if (!dotString.test(local) || local.length > longestLocalPart)
    throw refuse(
      `Before the @ an email address has up to ${longestLocalPart} ASCII letters, digits and signs, with single dots between them; no spaces, quotes or comments.`,
    )
  const domain = parseDomain(rawDomain)
  if (domain === null || local.length + 1 + domain.length > longestAddress)
    throw refuse('Behind the @ an email address has the name of a domain, such as example.org.')
  return `${local}@${domain}`
}

/** Domains of a provider that ignores dots in the local part. They are aliases of each other. */
const dotlessDomains: Readonly<Record<string, string>> = {
  'gmail.com': 'gmail.com',
  'googlemail.com': 'gmail.com',
}

/**
 * The mailbox to which most providers deliver a canonical address: without the `+tag` of the local part (RFC 5233), and
 * without dots if the provider ignores them. Only limits are counted for it. Mails are sent to the address itself,
 * because for some providers the plus sign is an ordinary character.
 */
export const mailboxOf = (address: string): string => {
  const at = address.lastIndexOf('@')
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)]
  // If the local part begins with a plus sign, there is nothing before the tag, so it is kept.
  const name = local.replace(/(?<=.)\+.*$/, '')
  const dotless = dotlessDomains[domain]
  return dotless === undefined ? `${name}@${domain}` : `${name.replaceAll('.', '')}@${dotless}`
}

/** The domain of a canonical address. */
export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)
