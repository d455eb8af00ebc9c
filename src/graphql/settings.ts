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
    'Cost that a query may have, in about microseconds: a list counts by how long it can be',
    {
      default: 10_000,
      least: 1_000,
      most: 10_000_000,
    },
  ),
  maxRepeats: wholeNumber(
    'IDEM_QUERY_REPEATS',
    'Fields that a query may ask for where it has asked for them already, as fragments do',
    { default: 50, least: 0, most: 1000 },
  ),
  maxTokens: wholeNumber('IDEM_QUERY_TOKENS', 'Words and signs that a query may have', {
    default: 1_000,
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
