// What asking the schema about itself costs: counted in the schema, which is the answer.
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

/** Where the count looks things up. */
export interface IntrospectionCount {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** The count ends here, and so does the work of counting. */
  readonly limit: number
}

const metaTypes = new Map(introspectionTypes.map((type) => [type.name, type]))

/** All there is, what is deprecated too. */
const everything = { includeDeprecated: true }

/** One object of the schema's description, and the fragments that led to where it is asked about. */
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
      // A fragment within itself is refused by the validation.
      if (fragment !== undefined && !place.within.includes(name))
        this.visit(fragment.selectionSet, { ...place, within: [...place.within, name] })
    }
  }

  #enter({ name, selectionSet }: FieldNode, { type, source, within }: Place): void {
    const field = isObjectType(type) ? type.getFields()[name.value] : undefined
    if (selectionSet === undefined || field?.resolve === undefined) return
    // The resolvers of graphql-js's own types take no context, and of the info only the schema.
    const info = { schema: this.options.schema }
    const values: unknown = Reflect.apply(field.resolve, undefined, [source, everything, undefined, info])
    const below = metaTypes.get(getNamedType(field.type).name)
    for (const value of Array.isArray(values) ? values : [values])
      if (value !== null && value !== undefined)
        this.visit(selectionSet, { type: below, source: value, within })
  }
}

/** The values of the answer to a field `__schema` or `__type`; a little over `limit` where there are more. */
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
    // A variable can name any type: all of them together are more than the dearest.
    for (const source of name?.kind === Kind.STRING ? named : Object.values(schema.getTypeMap()))
      if (source !== undefined)
        counter.visit(selectionSet, { type: metaTypes.get('__Type'), source, within: [] })
  }
  return counter.count
}
