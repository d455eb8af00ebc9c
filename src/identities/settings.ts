// The settings of identities.
import { wholeNumber } from '../config/setting.js'

/** Settings of the identities room. */
export const identitySettings = {
  maxPerAccount: wholeNumber('IDEM_IDENTITIES_PER_ACCOUNT', 'Identities that an account can have', {
    default: 50,
    least: 1,
    most: 10_000,
  }),
}
