// The settings of webhooks.
import { wholeNumber } from '../config/setting.js'

/** Settings of the webhooks room. */
export const webhookSettings = {
  keptDays: wholeNumber(
    'IDEM_WEBHOOK_DAYS',
    'How long events and the log of their deliveries are kept, in days; the undoing of a merge is open for 30',
    { default: 35, least: 15, most: 365 },
  ),
}
