// The settings of sessions.
import { wholeNumber } from '../config/setting.js'

/** Settings of the sessions room. */
export const sessionSettings = {
  lifetimeSeconds: wholeNumber(
    'IDEM_SESSION_LIFETIME_SECONDS',
    'Life of a session, however often it is refreshed, in seconds',
    {
      default: 24 * 3600,
      least: 60,
      most: 365 * 24 * 3600,
    },
  ),
  refreshTokenLifetimeSeconds: wholeNumber(
    'IDEM_REFRESH_TOKEN_LIFETIME_SECONDS',
    'Life of a refresh token, in seconds',
    {
      default: 30 * 60,
      least: 30,
      most: 30 * 24 * 3600,
    },
  ),
  maxPerAccount: wholeNumber(
    'IDEM_SESSIONS_PER_ACCOUNT',
    'Live sessions that an account can have; one more ends the oldest',
    { default: 100, least: 1, most: 10_000 },
  ),
  endedSessionDays: wholeNumber(
    'IDEM_ENDED_SESSION_DAYS',
    'How long a session is kept after its lifetime, in days',
    { default: 30, least: 1, most: 3_650 },
  ),
  refreshReplaySeconds: wholeNumber(
    'IDEM_REFRESH_REPLAY_SECONDS',
    'How long the previous refresh token gets the same successor again, in seconds',
    { default: 10, least: 0, most: 60 },
  ),
}
