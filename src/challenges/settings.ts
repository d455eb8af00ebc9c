// The settings of challenges.
import { wholeNumber } from '../config/setting.js'

/** Settings of the challenges room. */
export const challengeSettings = {
  lifetimeSeconds: wholeNumber('IDEM_CHALLENGE_LIFETIME_SECONDS', 'Life of a key challenge, in seconds', {
    default: 30,
    least: 5,
    most: 3600,
  }),
  keptHours: wholeNumber(
    'IDEM_EXPIRED_CHALLENGE_HOURS',
    'How long a challenge is kept after it expired, in hours',
    { default: 24, least: 1, most: 8_760 },
  ),
  mailedLifetimeSeconds: wholeNumber(
    'IDEM_EMAIL_CHALLENGE_LIFETIME_SECONDS',
    'Life of an emailed code and link, in seconds',
    { default: 15 * 60, least: 60, most: 24 * 3600 },
  ),
}
