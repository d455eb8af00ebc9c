// The URL of the page that shows the mails of development.
import { isLoopback } from '../config/loopback.js'

/** The settings that decide whether the page is served. */
export interface MailboxSettings {
  readonly http: { readonly trustedProxies: readonly string[] }
  /** `relays` is null where mails are stored and not sent. */
  readonly mail: { readonly relays: object | null }
}

/**
 * The URL of the mailbox page; null if these settings do not serve it. The page shows every code, so it is served only
 * to this machine, and not behind a proxy, which hides where a request comes from.
 */
export const mailboxUrlOf = ({
  publicUrl,
  settings: { http, mail },
}: {
  readonly publicUrl: string
  readonly settings: MailboxSettings
}): string | null =>
  mail.relays === null && isLoopback(new URL(publicUrl).hostname) && http.trustedProxies.length === 0
    ? `${publicUrl}/mailbox`
    : null
