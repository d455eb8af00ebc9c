// The settings of the outbox.
import { wholeNumber } from '../config/setting.js'

/** Settings of the outbox room. */
export const outboxSettings = {
  doneJobDays: wholeNumber('IDEM_DONE_JOB_DAYS', 'How long it is remembered that a job was done, in days', {
    default: 7,
    least: 1,
    most: 365,
  }),
}
