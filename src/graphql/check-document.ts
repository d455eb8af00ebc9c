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
import { limitRules } from './limits.js'
import type { graphqlSettings } from './settings.js'

/** What is wrong with a document; nothing, where it may run. Asked again for the same document it costs nothing. */
export type DocumentCheck = (document: DocumentNode) => readonly GraphQLError[]

/** What `createDocumentCheck` needs. */
export interface DocumentCheckOptions {
  readonly schema: GraphQLSchema
  readonly settings: ValuesOf<typeof graphqlSettings>
  /** Which operations are served where the document came. */
  readonly servedOperations: ValidationRule
}

/** Whoever mends these sees the next ones; each costs a search for what may have been meant. */
const mostProblems = 10

/** The check of one door to the schema. */
export const createDocumentCheck = ({
  schema,
  settings,
  servedOperations,
}: DocumentCheckOptions): DocumentCheck => {
  const limits = limitRules(settings)
  const rules = [
    ...specifiedRules,
    servedOperations,
    ...(settings.introspection ? [] : [NoSchemaIntrospectionCustomRule]),
  ]
  const options = { maxErrors: mostProblems, hideSuggestions: !settings.introspection }
  const problemsBy = (document: DocumentNode, of: readonly ValidationRule[]): readonly GraphQLError[] => {
    try {
      return validate(schema, document, of, options)
    } catch (error) {
      // The rule for subscriptions reads the values of directives, and throws at a wrong one instead of reporting it.
      if (error instanceof GraphQLError) return [error]
      throw error
    }
  }
  const known = new WeakMap<DocumentNode, readonly GraphQLError[]>()
  return (document) => {
    const before = known.get(document)
    if (before !== undefined) return before
    const tooCostly = problemsBy(document, limits)
    const problems = tooCostly.length > 0 ? tooCostly : problemsBy(document, rules)
    known.set(document, problems)
    return problems
  }
}
