// The settings that limit what a GraphQL request may ask.
import { SettingProblem, text, wholeNumber } from '../config/setting.js'

/** Settings of the graphql room. */
export const graphqlSettings = {
  maxDepth: wholeNumber('IDEM_QUERY_DEPTH', 'Deepest nesting of a query', {
    default: 10,
    least: 3,
    most: 100,
  }),
  maxAliases: wholeNumber('IDEM_QUERY_ALIASES', 'Most aliases in a query', {
    default: 15,
    least: 0,
    most: 1000,
  }),
  maxCost: wholeNumber(
    'IDEM_QUERY_COST',
    'Highest cost of a query, in units of about a microsecond; a list counts with its largest length',
    {
      default: 10_000,
      least: 1_000,
      most: 10_000_000,
    },
  ),
  maxRepeats: wholeNumber(
    'IDEM_QUERY_REPEATS',
    'Most repeated fields in a query: fields that it selects again in the same place, for example by fragments',
    { default: 50, least: 0, most: 1000 },
  ),
  maxTokens: wholeNumber('IDEM_QUERY_TOKENS', 'Most tokens (words and signs) of a query', {
    default: 1_000,
    least: 100,
    most: 100_000,
  }),
  maxStreams: wholeNumber('IDEM_STREAMS', 'Most open streams of one process', {
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
