// The settings of the audit log.
import { wholeNumber } from '../config/setting.js'

const days = { least: 1, most: 36_500 }

/** Settings of the audit room: how long each kind of entry is kept. */
export const auditSettings = {
  routine: wholeNumber(
    'IDEM_AUDIT_ROUTINE_DAYS',
    'How long the audit log keeps what clients do by themselves (refreshes), in days',
    { default: 7, ...days },
  ),
  access: wholeNumber(
    'IDEM_AUDIT_ACCESS_DAYS',
    'How long the audit log keeps sign-ins, step-ups and ends of sessions, in days',
    { default: 90, ...days },
  ),
  change: wholeNumber(
    'IDEM_AUDIT_CHANGE_DAYS',
    'How long the audit log keeps changes of accounts, identities and the installation, in days',
    { default: 730, ...days },
  ),
}
