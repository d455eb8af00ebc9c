// Checks a text (ERC-4361) before a wallet signs it, so that a server that relays another's challenge gets no signature.

import type { ServerIdentity } from './discovery.js'
import { isSameHandle } from './handle-spelling.js'
import { IdemError } from './idem-error.js'
import { isHostOf, isSameOrigin } from './server-origin.js'

/** The request and its server. The text must name exactly these. */
export interface WalletSigningRequest {
  readonly server: ServerIdentity
  readonly purpose: string
  readonly address: string
  /** The EIP-155 chain id, such as `1`. */
  readonly chainId: string
  /** Null if none was requested. */
  readonly handle: string | null
}

/** Many times the length of Idem's texts, in characters. */
const longestText = 4_096

/** The lines of Idem's texts; the last two are there for a name that is not all ASCII. */
const form = new RegExp(
  [
    '^(?:http://)?(?<domain>[!-~]+) wants you to sign in with your Ethereum account:',
    '(?<address>0x[0-9a-fA-F]{40})',
    '',
    '(?:Signs in (?:as (?<handle>[ -~]+) )?with this wallet|[ -~]+)\\. Purpose: (?<purpose>[A-Z_]+)\\.',
    '',
    'URI: (?<uri>[!-~]+)',
    'Version: 1',
    'Chain ID: (?<chainId>\\d+)',
    'Nonce: [0-9A-Za-z]{8,}',
    'Issued At: [!-~]+',
    'Expiration Time: [!-~]+(?:',
    'Resources:',
    '- [!-~]+\\?handle=(?<resource>[!-~]+))?$',
  ].join('\n'),
)

/** Throws `WRONG_CHALLENGE`, with the differences in the message, unless the text names what was requested. */
export const checkWalletText = (text: string, request: WalletSigningRequest): void => {
  const { reachedAt, issuer } = request.server
  if (!isSameOrigin(issuer, reachedAt)) throw wrong([`the server at ${reachedAt} calls itself ${issuer}`])
  const named = text.length > longestText ? undefined : form.exec(text)?.groups
  if (named === undefined) throw wrong(['the text has not the form of a challenge of Idem'])
  const isFrom = isHostOf(named['domain'] ?? null, reachedAt) && isOf(named['uri'] ?? '', reachedAt)
  const faults = [
    isFrom ? null : `it names the server ${named['domain']} (${named['uri']}), not ${reachedAt}`,
    named['purpose'] === request.purpose
      ? null
      : `it names the purpose ${named['purpose']}, not ${request.purpose}`,
    named['address']?.toLowerCase() === request.address.toLowerCase()
      ? null
      : `it names the address ${named['address']}, not ${request.address}`,
    named['chainId'] === request.chainId
      ? null
      : `it names the chain ${named['chainId']}, not ${request.chainId}`,
    isSameHandle(handleIn(named), request.purpose === 'SIGN_IN' ? request.handle : handleIn(named))
      ? null
      : `it names the handle ${handleIn(named) ?? 'none'}, not ${request.handle ?? 'none'}`,
  ].filter((fault) => fault !== null)
  if (faults.length > 0) throw wrong(faults)
}

const isOf = (uri: string, origin: string): boolean => URL.canParse(uri) && isSameOrigin(uri, origin)

/** The handle that the statement quotes, or the resource has. */
const handleIn = (named: Readonly<Record<string, string | undefined>>): string | null => {
  const { resource, handle } = named
  if (resource === undefined) return handle ?? null
  try {
    return decodeURIComponent(resource)
  } catch {
    return resource
  }
}

const wrong = (faults: readonly string[]): IdemError =>
  new IdemError(
    'WRONG_CHALLENGE',
    `Nothing was signed, for the text to sign is not what was asked for: ${faults.join('; ')}.`,
  )
