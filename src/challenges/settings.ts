// The settings of challenges.
import { wholeNumber } from '../config/setting.js'

/** Settings of the challenges room. */
export const challengeSettings = {
  lifetimeSeconds: wholeNumber('IDEM_CHALLENGE_LIFETIME_SECONDS', 'Life of a key challenge, in seconds', {
    default: 30,
    least: 5,
    most: 3600,
  }),
}
