// The settings of accounts.
import { wholeNumber } from '../config/setting.js'

/** Settings of the accounts room. */
export const accountSettings = {
  idleGuestDays: wholeNumber(
    'IDEM_IDLE_GUEST_DAYS',
    'A guest that was not here for so long, and picked no handle, is removed, in days',
    { default: 90, least: 1, most: 3_650 },
  ),
}
