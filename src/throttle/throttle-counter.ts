// A throttle counter: how often something was tried in the current window.
import { defineEntity, p } from '@mikro-orm/postgresql'

const ThrottleCounterSchema = defineEntity({
  name: 'ThrottleCounter',
  tableName: 'throttle_counter',
  properties: {
    /** The hash of what is counted: kind of attempt, subject, network. */
    key: p.text().primary(),
    count: p.integer(),
    /** End of the window; the next attempt after it starts a new one. */
    expiresAt: p.datetime().index('throttle_counter_expires_at'),
  },
})

/** How often something was tried in the current window. Kept in an unlogged table: a crash of the database forgets it. */
export class ThrottleCounter extends ThrottleCounterSchema.class {}
ThrottleCounterSchema.setClass(ThrottleCounter)
