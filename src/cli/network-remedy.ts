// What to do about each fault between this machine and Idem.

import type { FaultReason } from '../client/fault-reason.js'
import type { IdemError } from '../client/idem-error.js'

const checkAddress = 'Check the address (--url, IDEM_URL, the config).'
const perhapsProxy =
  'Where only a proxy leads out of this network: HTTPS_PROXY=http://HOST:PORT (for an http: address HTTP_PROXY).'
const perhapsLogin =
  'In a network that wants a login of its own (hotel, train), open any page in a browser first.'

const remedies: Readonly<Record<FaultReason, string>> = {
  NAME_UNKNOWN: `${checkAddress} ${perhapsProxy}`,
  NO_NAME_SERVER: `Check this machine's network, and try again. ${perhapsProxy}`,
  REFUSED: 'Start the service (npm start), or name another one with --url or IDEM_URL.',
  NO_ROUTE: `Check this machine's network and the address. ${perhapsProxy}`,
  NO_CONNECTION: `The server is down, or a firewall is in between. ${checkAddress} ${perhapsProxy}`,
  PORT_BLOCKED: 'Let the service listen at another port (IDEM_PORT), and name it with --url or IDEM_URL.',
  CERTIFICATE_UNTRUSTED:
    "Ask who runs the server (or a proxy that reads TLS) for its authority's certificate in PEM, and name the file: " +
    'NODE_EXTRA_CA_CERTS=FILE. If you expect no such authority, somebody may be in between: stop here.',
  CERTIFICATE_NAME:
    'Name the server as its certificate does (--url or IDEM_URL). If that is its name, it is another server, or somebody ' +
    'is in between: stop here.',
  CERTIFICATE_EXPIRED:
    "Ask who runs the server to renew it; or correct this machine's clock, if it is wrong.",
  CERTIFICATE_TOO_EARLY: "Correct this machine's clock; or ask who runs the server.",
  CERTIFICATE_REFUSED: 'Ask who runs the server for a valid certificate.',
  NO_TLS: 'Check the port; a server without TLS has an address with http: instead of https:.',
  TLS_REFUSED:
    'Ask who runs the server which versions of TLS it speaks, and whether it wants a client certificate.',
  NO_HTTP: 'Check the port; a server with TLS has an address with https: instead of http:.',
  HUNG_UP: 'Try again. A server with TLS has an address with https: instead of http:.',
  CUT_SHORT: 'Try again: it may have been done, and the answer lost on its way.',
  PROXY_LOGIN:
    'Give its name and password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT (HTTP_PROXY likewise), with %-escapes for ' +
    'signs such as @ and :.',
  PROXY_REFUSED:
    'Ask who runs the proxy to let the address pass; or, where the server is reached without it: NO_PROXY=HOST',
  NETWORK_LOGIN: 'Open any page in a browser, sign in to the network, and run the command again.',
  REDIRECTED: `If Idem is at the other address, name that one with --url or IDEM_URL. ${perhapsLogin}`,
  GATEWAY: 'Try again. If it stays so, ask who runs the server or the proxy: Idem behind it does not answer.',
  NO_IDEM: `Check --url, IDEM_URL and the config: they must name an Idem, without /graphql. ${perhapsLogin}`,
  OTHER: `${checkAddress} ${perhapsProxy}`,
}

const checkProxy =
  'Check HTTP_PROXY and HTTPS_PROXY; where the server is reached without a proxy: NO_PROXY=HOST'

/** The faults of a proxy that are mended like those of a server. */
const alike: ReadonlySet<FaultReason> = new Set([
  'CERTIFICATE_UNTRUSTED',
  'PROXY_LOGIN',
  'PROXY_REFUSED',
  'GATEWAY',
])

/** The next step; null for an error that is not about the way to Idem. */
export const networkRemedy = ({ details: { reason, proxy } }: IdemError): string | null => {
  if (proxy !== undefined && (reason === undefined || !alike.has(reason))) return checkProxy
  return reason === undefined ? null : remedies[reason]
}
