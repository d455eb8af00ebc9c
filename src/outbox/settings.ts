// The settings of the outbox.
import { wholeNumber } from '../config/setting.js'

/** Settings of the outbox room. */
export const outboxSettings = {
  doneJobDays: wholeNumber('IDEM_DONE_JOB_DAYS', 'How long done jobs are kept in the outbox, in days', {
    default: 7,
    least: 1,
    most: 365,
  }),
}
