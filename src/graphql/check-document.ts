// Checks a document before it is executed: first the limits, then the rules of the schema.
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

/** The errors of a document; none if it may be executed. A document that has passed is not checked again. */
export type DocumentCheck = (document: DocumentNode) => readonly GraphQLError[]

/** What `createDocumentCheck` needs. */
export interface DocumentCheckOptions {
  readonly schema: GraphQLSchema
  readonly settings: ValuesOf<typeof graphqlSettings>
  readonly lists: ListBounds
  /** The rule for the kinds of operation that the route serves. */
  readonly servedOperations: ValidationRule
}

/** Limit of reported errors, because each costs a search for suggestions. */
const mostProblems = 10

/** Makes the check of one route. */
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
      // The rule for subscriptions reads values of directives, and throws at an invalid one instead of reporting it.
      if (error instanceof GraphQLError) return [error]
      throw error
    }
  }
  // Refused documents are not cached, because their errors would be kept too and are longer than the document.
  const passed = new WeakSet<DocumentNode>()
  return (document) => {
    if (passed.has(document)) return []
    const problems = problemsOf(document)
    if (problems.length === 0) passed.add(document)
    return problems
  }
}
