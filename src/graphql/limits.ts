// The limits of a query, checked once per document before anything else.
import {
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
} from 'graphql'
import type { ValuesOf } from '../config/setting.js'
import { type ListBounds, listLengths } from './list-lengths.js'
import { Measuring, TooCostly } from './measure-operation.js'
import type { graphqlSettings } from './settings.js'

/** Limit of operations and fragments in a document, because validation rules compare each with each. */
const mostDefinitions = 40

/** The exceeded limit of a document as `QUERY_TOO_COSTLY`; null if it is within the limits. */
export type Limits = (document: DocumentNode) => GraphQLError | null

const tooCostly = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COSTLY' } })

const isFragment = (definition: DefinitionNode): definition is FragmentDefinitionNode =>
  definition.kind === Kind.FRAGMENT_DEFINITION

/** The limits for documents of this schema. */
export const createLimits = (
  schema: GraphQLSchema,
  settings: ValuesOf<typeof graphqlSettings>,
  bounds: ListBounds,
): Limits => {
  const rules = { ...settings, schema, lengthOf: listLengths(schema, bounds) }
  return (document) => {
    const { definitions } = document
    if (definitions.length > mostDefinitions)
      return tooCostly(`The query has more than ${mostDefinitions} operations and fragments.`)
    const fragments = new Map(definitions.filter(isFragment).map((node) => [node.name.value, node]))
    const measuring = new Measuring(rules, fragments)
    try {
      for (const definition of definitions)
        if (definition.kind === Kind.OPERATION_DEFINITION)
          measuring.measure(definition.selectionSet, schema.getRootType(definition.operation) ?? undefined)
      // Unused fragments are measured too, because they are validated too.
      for (const [name, { selectionSet, typeCondition }] of fragments)
        if (!measuring.met.has(name))
          measuring.measure(selectionSet, schema.getType(typeCondition.name.value))
      return null
    } catch (error) {
      if (error instanceof TooCostly) return tooCostly(error.message)
      throw error
    }
  }
}
