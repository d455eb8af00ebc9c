// How long a document takes to be read and checked, whether or not it passes.
import { readFileSync } from 'node:fs'
import { buildSchema, parse } from 'graphql'
import { readEnvironment } from '../../src/config/read-environment.js'
import { createDocumentCheck } from '../../src/graphql/check-document.js'
import { servedOperationsRule } from '../../src/graphql/served-operations.js'
import { settingsSections } from '../../src/settings.js'
import { medianOf } from '../timing/two-samples.js'
import { dearDocuments } from './dear-documents.js'

/** Runs of each document; the first ones are compiled on the way, so the median counts. */
const runs = 41

/** One document, timed. */
export interface TimedCheck {
  readonly what: string
  readonly passes: boolean
  /** The median of parsing and checking. */
  readonly milliseconds: number
}

/** Times each of the dear documents under the default settings, the dearest first. */
export const timeChecks = (): TimedCheck[] => {
  // The link is Federation's; a schema of its own has no such definition.
  const sdl = readFileSync('schema/idem.graphql', 'utf8').replace(/^extend schema @link.*$/m, '')
  const schema = buildSchema(sdl, { assumeValidSDL: true })
  const { graphql: settings, identities, sessions, devices } = readEnvironment(settingsSections, {})
  const lists = {
    identities: identities.maxPerAccount,
    sessions: sessions.maxPerAccount,
    devices: devices.maxPerAccount,
  }
  const check = createDocumentCheck({ schema, settings, lists, servedOperations: servedOperationsRule })
  return dearDocuments
    .map(({ what, query }) => {
      let passes = false
      const times = Array.from({ length: runs }, () => {
        const startedAt = performance.now()
        passes = check(parse(query, { maxTokens: settings.maxTokens })).length === 0
        return performance.now() - startedAt
      })
      return { what, passes, milliseconds: medianOf(times) }
    })
    .toSorted((one, other) => other.milliseconds - one.milliseconds)
}
