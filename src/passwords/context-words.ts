// The words that a password of an account must not be made of: its handle, its addresses, the service (NIST SP 800-63B-4).
import { domainOf } from '../mail/address.js'
import { foldPassword } from './password.js'

/** Where the words come from. */
export interface PasswordContext {
  readonly handle: string | null
  /** Verified addresses, in canonical form. */
  readonly addresses: readonly string[]
  /** The host of this installation. */
  readonly domain: string
}

/** Shorter words are parts of many others. In characters. */
const shortest = 3

const partsOf = (text: string): string[] => [text, ...text.split(/[^\p{Letter}\p{Mark}\p{Number}]+/u)]

/** The labels of a host, without the top-level domain and without a port. */
const labelsOf = (host: string): string[] => {
  const name = host.replace(/:\d+$/, '')
  const labels = name.split('.')
  return [name, ...(labels.length === 1 ? labels : labels.slice(0, -1)).flatMap(partsOf)]
}

/** The words, folded, longest first, so that a word is found before its parts. */
export const contextWords = ({ handle, addresses, domain }: PasswordContext): readonly string[] => {
  const words = [
    'idem',
    ...labelsOf(domain),
    ...partsOf(handle ?? ''),
    ...addresses.flatMap((address) => {
      const own = domainOf(address)
      return [address, ...partsOf(address.slice(0, -own.length - 1)), ...labelsOf(own)]
    }),
  ]
  return [...new Set(words.map(foldPassword))]
    .filter((word) => [...word].length >= shortest)
    .toSorted((one, other) => other.length - one.length)
}
