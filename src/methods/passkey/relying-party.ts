// The relying party of passkeys (WebAuthn level 3, 4): the domain to which they belong, and the pages that may use them.
import type { ValuesOf } from '../../config/setting.js'
import { isRpId, type passkeySettings } from './settings.js'

/** The relying party of an installation. */
export interface RelyingParty {
  /** The domain to which passkeys belong: the issuer of their identities. */
  readonly rpId: string
  /** True if a page of this origin may use passkeys. */
  readonly allows: (origin: string) => boolean
  /** How long a person may take for a ceremony, in seconds. */
  readonly challengeLifetimeSeconds: number
}

/** The relying party by the settings; null if the public URL has an address for a host, and no RP ID is set. */
export const relyingPartyOf = (
  settings: ValuesOf<typeof passkeySettings>,
  publicUrl: string,
): RelyingParty | null => {
  const rpId = settings.rpId ?? new URL(publicUrl).hostname
  if (!isRpId(rpId)) return null
  const { challengeLifetimeSeconds } = settings
  const origins = [new URL(publicUrl).origin, ...settings.origins, ...settings.relatedOrigins]
  const allows = (origin: string): boolean =>
    origins.some((one) => (typeof one === 'string' ? one === origin : one.test(origin)))
  return { rpId, allows, challengeLifetimeSeconds }
}
