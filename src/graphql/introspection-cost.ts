// The cost of introspection, counted in the schema itself.
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  introspectionTypes,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/** What counting needs. */
export interface IntrospectionCount {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** Counting stops at this number. */
  readonly limit: number
}

const metaTypes = new Map(introspectionTypes.map((type) => [type.name, type]))

/** Includes deprecated elements. */
const everything = { includeDeprecated: true }

/** An object of the introspection, and the fragments that contain the selection. */
interface Place {
  readonly type: GraphQLNamedType | undefined
  readonly source: unknown
  readonly within: readonly string[]
}

class Counter {
  count = 0

  constructor(private readonly options: IntrospectionCount) {}

  visit(set: SelectionSetNode, place: Place): void {
    for (const node of set.selections) {
      this.count += 1
      if (this.count > this.options.limit) return
      this.#select(node, place)
    }
  }

  #select(node: SelectionNode, place: Place): void {
    if (node.kind === Kind.FIELD) this.#enter(node, place)
    else if (node.kind === Kind.INLINE_FRAGMENT) this.visit(node.selectionSet, place)
    else {
      const name = node.name.value
      const fragment = this.options.fragments.get(name)
      // A recursive fragment is refused by the validation.
      if (fragment !== undefined && !place.within.includes(name))
        this.visit(fragment.selectionSet, { ...place, within: [...place.within, name] })
    }
  }

  #enter({ name, selectionSet }: FieldNode, { type, source, within }: Place): void {
    const field = isObjectType(type) ? type.getFields()[name.value] : undefined
    if (selectionSet === undefined || field?.resolve === undefined) return
    // The resolvers of graphql-js's introspection types use no context, and of `info` only the schema.
    const info = { schema: this.options.schema }
    const values: unknown = Reflect.apply(field.resolve, undefined, [source, everything, undefined, info])
    const below = metaTypes.get(getNamedType(field.type).name)
    for (const value of Array.isArray(values) ? values : [values])
      if (value !== null && value !== undefined)
        this.visit(selectionSet, { type: below, source: value, within })
  }
}

/** The number of values in the answer to a field `__schema` or `__type`; slightly above `limit` if there are more. */
export const countIntrospection = (field: FieldNode, options: IntrospectionCount): number => {
  const counter = new Counter(options)
  const { selectionSet, arguments: given = [] } = field
  if (selectionSet === undefined) return 0
  const { schema } = options
  if (field.name.value === '__schema')
    counter.visit(selectionSet, { type: metaTypes.get('__Schema'), source: schema, within: [] })
  else {
    const name = given[0]?.value
    const named = name?.kind === Kind.STRING ? [schema.getType(name.value)] : []
    // A variable can name any type, so the sum of all types is used as an upper bound.
    for (const source of name?.kind === Kind.STRING ? named : Object.values(schema.getTypeMap()))
      if (source !== undefined)
        counter.visit(selectionSet, { type: metaTypes.get('__Type'), source, within: [] })
  }
  return counter.count
}
