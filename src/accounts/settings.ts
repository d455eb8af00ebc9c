// The settings of accounts.
import { wholeNumber } from '../config/setting.js'

/** Settings of the accounts room. */
export const accountSettings = {
  idleGuestDays: wholeNumber(
    'IDEM_IDLE_GUEST_DAYS',
    'Days without activity after which a guest without a handle is deleted',
    { default: 90, least: 1, most: 3_650 },
  ),
  handleQuarantineDays: wholeNumber(
    'IDEM_HANDLE_QUARANTINE_DAYS',
    'How long a handle that nobody ever used stays reserved: given up within a day, or of an account that did nothing, in days',
    { default: 180, least: 1, most: 36_500 },
  ),
}
