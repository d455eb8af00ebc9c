// The settings of the throttle.
import { wholeNumber } from '../config/setting.js'

/** Settings of the throttle room. */
export const throttleSettings = {
  windowSeconds: wholeNumber(
    'IDEM_THROTTLE_WINDOW_SECONDS',
    'Length of the window in which attempts are counted, in seconds',
    {
      default: 300,
      least: 1,
      most: 86_400,
    },
  ),
  signInPerSubject: wholeNumber(
    'IDEM_THROTTLE_SIGN_INS_PER_SUBJECT',
    'Sign-in attempts per window for one identity from one network',
    { default: 300, least: 1, most: 1_000_000_000 },
  ),
  signInPerSource: wholeNumber(
    'IDEM_THROTTLE_SIGN_INS_PER_SOURCE',
    'Sign-in attempts per window from one network',
    {
      default: 3_000,
      least: 1,
      most: 1_000_000_000,
    },
  ),
  changesPerSession: wholeNumber(
    'IDEM_THROTTLE_CHANGES_PER_SESSION',
    'Mutations per window in one session, or with one API key',
    { default: 300, least: 1, most: 1_000_000_000 },
  ),
  changesPerAccount: wholeNumber(
    'IDEM_THROTTLE_CHANGES_PER_ACCOUNT',
    'Mutations per window of one account, in all its sessions together',
    { default: 1_000, least: 1, most: 1_000_000_000 },
  ),
  refreshesPerSession: wholeNumber(
    'IDEM_THROTTLE_REFRESHES_PER_SESSION',
    'Refreshes per window of one session',
    { default: 60, least: 1, most: 1_000_000_000 },
  ),
  handlePerSubject: wholeNumber(
    'IDEM_THROTTLE_HANDLES_PER_SUBJECT',
    'Handles that one account may try per window',
    {
      default: 30,
      least: 1,
      most: 1_000_000_000,
    },
  ),
  handlePerSource: wholeNumber(
    'IDEM_THROTTLE_HANDLES_PER_SOURCE',
    'Handles that one network may ask about, or try to take, per window',
    { default: 300, least: 1, most: 1_000_000_000 },
  ),
  newHandlePerSource: wholeNumber(
    'IDEM_THROTTLE_NEW_HANDLES_PER_SOURCE',
    'Handles that one network may try to take per window, whether accounts pick them or register with them',
    { default: 60, least: 1, most: 1_000_000_000 },
  ),
  aliasesPerSource: wholeNumber(
    'IDEM_THROTTLE_ALIASES_PER_SOURCE',
    'Account ids that one network may ask to follow to the account of today, per window',
    { default: 30_000, least: 1, most: 1_000_000_000 },
  ),
  contractsPerSubject: wholeNumber(
    'IDEM_THROTTLE_CONTRACTS_PER_SUBJECT',
    'Questions per window to the node of a chain about one contract wallet, for one network',
    { default: 30, least: 1, most: 1_000_000_000 },
  ),
  contractsPerSource: wholeNumber(
    'IDEM_THROTTLE_CONTRACTS_PER_SOURCE',
    'Questions per window to the nodes of all chains, for one network',
    { default: 300, least: 1, most: 1_000_000_000 },
  ),
}
