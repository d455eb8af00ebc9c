// The settings of HTTP.
import { parseNetworks } from '../config/networks.js'
import { parseOrigin } from '../config/origin.js'
import { commaList, oneOf, SettingProblem, text, wholeNumber } from '../config/setting.js'
import { parseReturnUrls, type ReturnUrls } from './return-url.js'

/** Settings of the http room. */
export const httpSettings = {
  port: wholeNumber('IDEM_PORT', 'TCP port to listen on', { default: 4000, least: 1, most: 65_535 }),
  host: text('IDEM_HOST', 'Address to listen on', {
    defaultText: '127.0.0.1',
    parse: (raw) => raw ?? '127.0.0.1',
  }),
  publicUrl: text('IDEM_PUBLIC_URL', 'Origin under which clients reach Idem: the `iss` of its tokens', {
    defaultText: 'http://localhost:IDEM_PORT (development only)',
    parse: (raw, { production }): string | null => {
      if (raw === undefined) {
        if (production) throw new SettingProblem('must be set in production, e.g. https://id.example.org')
        return null
      }
      const origin = parseOrigin(raw)
      if (production && !origin.startsWith('https:'))
        throw new SettingProblem(`must be https in production, not "${raw}"`)
      return origin
    },
  }),
  allowedOrigins: text(
    'IDEM_ALLOWED_ORIGINS',
    'Comma list of the origins of front ends that may call from a browser (CORS)',
    {
      defaultText: 'none in production; else any origin on localhost',
      parse: (raw, { production }): readonly (string | RegExp)[] =>
        raw === undefined && !production
          ? [/^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/]
          : commaList(raw).map(parseOrigin),
    },
  ),
  returnUrls: text(
    'IDEM_RETURN_URLS',
    'Comma list of the URLs to which the sign-in page may send people back; one of this machine stands for all ports',
    {
      defaultText: 'none in production; else any URL on localhost',
      parse: (raw, { production }): ReturnUrls => ({
        listed: parseReturnUrls(raw),
        anyOfThisMachine: raw === undefined && !production,
      }),
    },
  ),
  trustedProxies: text(
    'IDEM_TRUSTED_PROXIES',
    'Comma list of addresses or networks of proxies that are trusted to name the client',
    {
      defaultText: 'none',
      parse: parseNetworks,
    },
  ),
  forwardedHeader: oneOf(
    'IDEM_FORWARDED_HEADER',
    'Header in which trusted proxies name the client; the other one is not read',
    {
      default: 'x-forwarded-for',
      allowed: ['x-forwarded-for', 'forwarded'],
    },
  ),
  graphiql: text('IDEM_GRAPHIQL', 'GraphiQL for browsers at GET /graphql, if it is installed (on, off)', {
    defaultText: 'on; off in production',
    parse: (raw, { production }): boolean => {
      if (raw !== undefined && raw !== 'on' && raw !== 'off')
        throw new SettingProblem(`must be on or off, not "${raw}"`)
      return raw === undefined ? !production : raw === 'on'
    },
  }),
  maxBodyBytes: wholeNumber('IDEM_BODY_BYTES', 'Largest body of a request, in bytes', {
    default: 65_536,
    least: 1_024,
    most: 10_485_760,
  }),
  headersSeconds: wholeNumber(
    'IDEM_HEADERS_SECONDS',
    'How long a client may take for the headers of a request, a new connection included, in seconds',
    { default: 10, least: 1, most: 600 },
  ),
  requestSeconds: wholeNumber(
    'IDEM_REQUEST_SECONDS',
    'How long a client may take for a whole request, its body included, in seconds',
    { default: 30, least: 1, most: 3_600 },
  ),
  // Most load balancers ask every 1 to 5 seconds, and Kubernetes takes 1 to 2 to withdraw an address everywhere.
  drainDelaySeconds: wholeNumber(
    'IDEM_DRAIN_DELAY_SECONDS',
    'How long requests are still accepted after SIGTERM while /readyz answers 503, in seconds; a second signal ends it',
    { default: 0, inProduction: 5, least: 0, most: 600 },
  ),
  drainSeconds: wholeNumber(
    'IDEM_DRAIN_SECONDS',
    'How long running requests may take once no new ones are accepted, in seconds',
    {
      default: 5,
      least: 0,
      most: 600,
    },
  ),
}
