// The settings of tokens: lifetimes, audience, and the secret from which keys are derived.
import { commaList, SettingProblem, text, wholeNumber } from '../config/setting.js'
import { Secret } from './secret.js'

/** 32 random characters have at least 128 bits of entropy, also in hexadecimal (NIST SP 800-57 part 1, 5.6.1). */
const leastSecretLength = 32

/** Settings of the tokens room. */
export const tokenSettings = {
  secrets: text(
    'IDEM_SECRET',
    'Comma list of secrets from which all keys are derived: the first encrypts, all decrypt',
    {
      defaultText: 'made once under IDEM_DATA_DIR (development only)',
      secret: true,
      parse: (raw, { production }): readonly Secret[] => {
        const secrets = commaList(raw)
        if (secrets.length === 0 && production)
          throw new SettingProblem('must be set in production, e.g. to the output of: openssl rand -hex 32')
        if (secrets.some((secret) => secret.length < leastSecretLength))
          throw new SettingProblem(
            `holds a secret of fewer than ${leastSecretLength} characters; openssl rand -hex 32 makes one`,
          )
        return secrets.map((secret) => new Secret(secret))
      },
    },
  ),
  audience: text('IDEM_AUDIENCE', 'The `aud` of access tokens', {
    defaultText: 'IDEM_PUBLIC_URL',
    parse: (raw): string | null => raw ?? null,
  }),
  accessTokenLifetimeSeconds: wholeNumber(
    'IDEM_ACCESS_TOKEN_LIFETIME_SECONDS',
    'Life of an access token, in seconds',
    {
      default: 25 * 60,
      least: 10,
      most: 24 * 3600,
    },
  ),
  signingKeyDays: wholeNumber(
    'IDEM_SIGNING_KEY_DAYS',
    'Age at which a signing key gets a successor, in days; 0: only by command',
    { default: 30, least: 0, most: 3_650 },
  ),
  signingKeyLeadSeconds: wholeNumber(
    'IDEM_SIGNING_KEY_LEAD_SECONDS',
    'How long a new signing key is published before it signs, in seconds; longer than verifiers cache the key set',
    { default: 15 * 60, least: 0, most: 7 * 24 * 3600 },
  ),
}
