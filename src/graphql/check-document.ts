// What a document is refused for before anything of it runs: first what it may cost, then whether it fits the schema.
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql'
import type { ValuesOf } from '../config/setting.js'
import { storableLiteralsRule } from './check-text.js'
import { createLimits } from './limits.js'
import type { ListBounds } from './list-lengths.js'
import type { graphqlSettings } from './settings.js'

/** What is wrong with a document; nothing, where it may run. A document that has passed passes again at no cost. */
export type DocumentCheck = (document: DocumentNode) => readonly GraphQLError[]

/** What `createDocumentCheck` needs. */
export interface DocumentCheckOptions {
  readonly schema: GraphQLSchema
  readonly settings: ValuesOf<typeof graphqlSettings>
  readonly lists: ListBounds
  /** Which operations are served where the document came. */
  readonly servedOperations: ValidationRule
}

/** Whoever mends these sees the next ones; each costs a search for what may have been meant. */
const mostProblems = 10

/** The check of one door to the schema. */
export const createDocumentCheck = ({
  schema,
  settings,
  lists,
  servedOperations,
}: DocumentCheckOptions): DocumentCheck => {
  const limits = createLimits(schema, settings, lists)
  const rules = [
    ...specifiedRules,
    servedOperations,
    storableLiteralsRule,
    ...(settings.introspection ? [] : [NoSchemaIntrospectionCustomRule]),
  ]
  const options = { maxErrors: mostProblems, hideSuggestions: !settings.introspection }
  const problemsOf = (document: DocumentNode): readonly GraphQLError[] => {
    const tooCostly = limits(document)
    if (tooCostly !== null) return [tooCostly]
    try {
      return validate(schema, document, rules, options)
    } catch (error) {
      // The rule for subscriptions reads the values of directives, and throws at a wrong one instead of reporting it.
      if (error instanceof GraphQLError) return [error]
      throw error
    }
  }
  // Not what was refused: its errors would be kept alive with it, and are longer than the document.
  const passed = new WeakSet<DocumentNode>()
  return (document) => {
    if (passed.has(document)) return []
    const problems = problemsOf(document)
    if (problems.length === 0) passed.add(document)
    return problems
  }
}
