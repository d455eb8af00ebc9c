// The settings that limit what a GraphQL request may ask.
import { SettingProblem, text, wholeNumber } from '../config/setting.js'

/** Settings of the graphql room. */
export const graphqlSettings = {
  maxDepth: wholeNumber('IDEM_QUERY_DEPTH', 'Levels that a query may nest', {
    default: 10,
    least: 3,
    most: 100,
  }),
  maxAliases: wholeNumber('IDEM_QUERY_ALIASES', 'Aliases that a query may use', {
    default: 15,
    least: 0,
    most: 1000,
  }),
  maxCost: wholeNumber(
    'IDEM_QUERY_COST',
    'Cost that a query may have: a field is 1, an object 2, times 1.5 a level',
    {
      default: 2_000,
      least: 50,
      most: 1_000_000,
    },
  ),
  maxTokens: wholeNumber('IDEM_QUERY_TOKENS', 'Words and signs that a query may have', {
    default: 2_000,
    least: 100,
    most: 100_000,
  }),
  maxStreams: wholeNumber('IDEM_STREAMS', 'Streams that one process keeps open at most', {
    default: 1_000,
    least: 1,
    most: 100_000,
  }),
  maxStreamsPerSource: wholeNumber('IDEM_STREAMS_PER_SOURCE', 'The same for one network', {
    default: 50,
    least: 1,
    most: 100_000,
  }),
  introspection: text('IDEM_INTROSPECTION', 'Introspection and field suggestions (on, off)', {
    defaultText: 'on; off in production',
    parse: (raw, { production }): boolean => {
      if (raw !== undefined && raw !== 'on' && raw !== 'off')
        throw new SettingProblem(`must be on or off, not "${raw}"`)
      return raw === undefined ? !production : raw === 'on'
    },
  }),
}
