// An email address: one mailbox in one spelling, parsed strictly and once (RFC 5321 4.1.2, RFC 5890).
import { domainToASCII, domainToUnicode } from 'node:url'
import { Failure } from '../failure.js'

/** A local part of 64, an @ and a domain of 255 octets (RFC 5321 4.5.3.1): longer inputs are refused unread. In characters. */
const longestInput = 320
/** RFC 5321 4.5.3.1.1. In octets. */
const longestLocalPart = 64
/** RFC 1035 2.3.4, without the root's own octet and the first length. In octets. */
const longestDomain = 253
/** A path has 256 octets with its angle brackets (RFC 5321 4.5.3.1.3). In octets. */
const longestAddress = 254

/** What looks like an @ and is none: full-width and small. */
const lookAlikeAt = /[\uff20\ufe6b]/

/** RFC 5321 4.1.2 `Dot-string`: no quotes, no comments, nothing beyond ASCII. */
const dotString = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/** RFC 5890 2.3.1: letters, digits and inner hyphens, at most 63 octets. */
const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** In ASCII a domain has nothing else: no bracket of an address literal, no port, percent sign or space. */
const onlyHostCharacters = /^[a-z0-9.\-\u0080-\u{10ffff}]+$/u

/** ASCII capitals alone: no other letter may turn into one of them. */
const foldAscii = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** Case folded, but for letters such as the Kelvin sign that would become ASCII by it: those stay, and are refused. */
const foldCase = (text: string): string =>
  text.replace(/\P{ASCII}/gu, (letter) => {
    const lower = letter.toLowerCase()
    return /^\p{ASCII}+$/u.test(lower) ? letter : lower
  })

/**
 * True when IDNA only changed the case and the encoding of a label. It also drops what nobody sees and maps look-alikes
 * to ASCII, so that two spellings would look like two mailboxes; and it passes `xn--` labels that decode to nothing.
 */
const isPlainlyWritten = (written: string, label: string): boolean => {
  const unicode = domainToUnicode(label)
  const isEncoded = label.startsWith('xn--')
  if (isEncoded && (unicode === label || domainToASCII(unicode) !== label)) return false
  return hostLabel.test(label) && (written === label || (isEncoded && written === unicode))
}

/** The domain by A-labels; null for what is no domain name, or not written as one. */
const parseDomain = (raw: string): string | null => {
  const written = foldCase(raw).normalize('NFC')
  if (!onlyHostCharacters.test(written)) return null
  const domain = domainToASCII(written)
  const [labels, writtenLabels] = [domain.split('.'), written.split('.')]
  if (labels.length < 2 || labels.length !== writtenLabels.length || domain.length > longestDomain)
    return null
  // A number at the end makes it an IPv4 address (RFC 3696 2).
  if (/^\d+$/.test(labels.at(-1) ?? '')) return null
  return labels.every((label, index) => isPlainlyWritten(writtenLabels[index] ?? '', label)) ? domain : null
}

/**
 * The one spelling of an address: ASCII letters in lower case, the domain by A-labels. Only spaces around it are
 * forgiven. Throws `BAD_USER_INPUT` for `field`; the sentence never repeats the address.
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

/** Of these the provider says that dots in the local part mean nothing; and both domains are one. */
const dotlessDomains: Readonly<Record<string, string>> = {
  'gmail.com': 'gmail.com',
  'googlemail.com': 'gmail.com',
}

/**
 * The mailbox that most providers deliver a canonical address to: without the `+tag` of its local part (RFC 5233), and
 * without dots where the provider ignores them. Limits are counted for it; mails go to the address, for elsewhere a plus
 * sign may be a letter like any other.
 */
export const mailboxOf = (address: string): string => {
  const at = address.lastIndexOf('@')
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)]
  // A local part that begins with a plus sign has nothing before its tag.
  const name = local.replace(/(?<=.)\+.*$/, '')
  const dotless = dotlessDomains[domain]
  return dotless === undefined ? `${name}@${domain}` : `${name.replaceAll('.', '')}@${dotless}`
}

/** The domain of a canonical address. */
export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)
