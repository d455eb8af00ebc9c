// A throttle counter: the number of attempts in the current window.
import { defineEntity, p } from '@mikro-orm/postgresql'

const ThrottleCounterSchema = defineEntity({
  name: 'ThrottleCounter',
  tableName: 'throttle_counter',
  properties: {
    /** A hash of the kind of attempt, the subject and the network. */
    key: p.text().primary(),
    count: p.integer(),
    /** The end of the window; the next attempt after it starts a new one. */
    expiresAt: p.datetime().index('throttle_counter_expires_at'),
  },
})

/** The number of attempts in the current window. In an unlogged table, which a crash of the database empties. */
export class ThrottleCounter extends ThrottleCounterSchema.class {}
ThrottleCounterSchema.setClass(ThrottleCounter)
