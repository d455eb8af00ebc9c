// The settings of accounts.
import { wholeNumber } from '../config/setting.js'

/** Settings of the accounts room. */
export const accountSettings = {
  idleGuestDays: wholeNumber(
    'IDEM_IDLE_GUEST_DAYS',
    'Days without activity after which a guest without a handle is deleted',
    { default: 90, least: 1, most: 3_650 },
  ),
}
