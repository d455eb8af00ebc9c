// Measures an operation before it is validated: its cost, depth, aliases and repeated fields.
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql'
import { countIntrospection } from './introspection-cost.js'
import { type LengthOf, pageLengthOf } from './list-lengths.js'

/** The limits, and what measuring needs. */
export interface MeasuringRules {
  readonly schema: GraphQLSchema
  readonly lengthOf: LengthOf
  readonly maxDepth: number
  readonly maxAliases: number
  readonly maxCost: number
  readonly maxRepeats: number
}

/** The measure that was exceeded. */
export class TooCostly extends Error {
  override readonly name = 'TooCostly'
}

/** The cost of a value, in units of about a microsecond. */
const fieldCost = 1
/** The cost of an entry in a list of objects: a row of the database. */
const rowCost = 15
/** The cost of a root field of a query, which reads the cache or the database. */
const queryCost = 150
/** The cost of a mutation, which verifies proofs and writes. */
const mutationCost = 1_700

/** Levels below `__schema` and `__type`; clients nest `ofType` about ten times. */
const mostIntrospectionLevels = 30

/** Limit of visited selections, because nested fragments can multiply without adding a field. */
const mostSteps = 10_000

/** The place of a selection set. */
interface Place {
  readonly type: GraphQLNamedType | undefined
  readonly depth: number
  /** The largest number of objects at this place; 0 in introspection, which is counted separately. */
  readonly objects: number
  /** The length of the page that the field above requests. */
  readonly pageLength: number
}

/** Measures the operations of a document with their fragments expanded; throws at the first exceeded limit. */
export class Measuring {
  /** The visited fragments. */
  readonly met = new Set<string>()
  #steps = 0
  #repeats = 0
  #aliases = 0
  #cost = 0

  constructor(
    private readonly rules: MeasuringRules,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  ) {}

  /** Measures one operation, or an unused fragment. Throws `TooCostly`. */
  measure(set: SelectionSetNode, type: GraphQLNamedType | undefined): void {
    // Counted per operation, because only one operation of a document is executed.
    this.#aliases = 0
    this.#cost = 0
    this.#measure([set], { type, depth: 1, objects: 1, pageLength: 1 })
  }

  /** Fields with the same response name are one field, as in execution and in the rule of overlapping fields. */
  #measure(sets: readonly SelectionSetNode[], place: Place): void {
    const mostLevels = place.objects > 0 ? this.rules.maxDepth : mostIntrospectionLevels
    if (place.depth > mostLevels) throw new TooCostly(`The query nests more than ${mostLevels} levels deep.`)
    const fields = new Map<string, FieldNode[]>()
    const spread = new Set<string>()
    for (const set of sets) this.#collect(set, fields, spread)
    for (const alike of fields.values()) this.#measureField(alike, place)
  }

  #collect(set: SelectionSetNode, fields: Map<string, FieldNode[]>, spread: Set<string>): void {
    for (const node of set.selections) {
      this.#steps += 1
      if (this.#steps > mostSteps) throw new TooCostly('The query has too many parts.')
      if (node.kind === Kind.FIELD) this.#add(node, fields)
      else if (node.kind === Kind.INLINE_FRAGMENT) this.#collect(node.selectionSet, fields, spread)
      else if (!spread.has(node.name.value)) {
        spread.add(node.name.value)
        this.met.add(node.name.value)
        const fragment = this.fragments.get(node.name.value)
        if (fragment !== undefined) this.#collect(fragment.selectionSet, fields, spread)
      }
    }
  }

  #add(node: FieldNode, fields: Map<string, FieldNode[]>): void {
    const { maxAliases, maxRepeats } = this.rules
    if (node.alias !== undefined) this.#aliases += 1
    if (this.#aliases > maxAliases) throw new TooCostly(`The query uses more than ${maxAliases} aliases.`)
    const name = (node.alias ?? node.name).value
    const alike = fields.get(name)
    if (alike === undefined) {
      fields.set(name, [node])
      return
    }
    alike.push(node)
    this.#repeats += 1
    if (this.#repeats > maxRepeats)
      throw new TooCostly(`The query asks for fields that it has asked for more than ${maxRepeats} times.`)
  }

  #measureField(alike: readonly FieldNode[], place: Place): void {
    const [node] = alike
    if (node === undefined) return
    const name = node.name.value
    const sets = alike.flatMap(({ selectionSet }) => selectionSet ?? [])
    const below =
      name === '__schema' || name === '__type' ? this.#enterSchema(alike, place) : this.#enter(node, place)
    if (sets.length > 0) this.#measure(sets, below)
  }

  #enter(node: FieldNode, { type, depth, objects, pageLength }: Place): Place {
    const name = node.name.value
    const field = isObjectType(type) ? type.getFields()[name] : undefined
    const below = field && getNamedType(field.type)
    const length = type && isCompositeType(below) ? this.rules.lengthOf(type.name, name, pageLength) : 1
    const rows = length > 1 ? length * rowCost : 0
    // A fragment that does not exist is reported by the validation.
    const own = field === undefined ? fieldCost : this.#ownCost(type)
    this.#spend(objects * (own + rows))
    return { type: below, depth: depth + 1, objects: objects * length, pageLength: pageLengthOf(node) }
  }

  /** The values are counted in the schema itself; here only repeats and levels are measured. */
  #enterSchema(alike: readonly FieldNode[], { depth }: Place): Place {
    const { schema, maxCost } = this.rules
    for (const node of alike)
      this.#spend(countIntrospection(node, { schema, fragments: this.fragments, limit: maxCost }))
    return { type: undefined, depth: depth + 1, objects: 0, pageLength: 1 }
  }

  #ownCost(type: GraphQLNamedType | undefined): number {
    if (type === this.rules.schema.getMutationType()) return mutationCost
    return type === this.rules.schema.getQueryType() ? queryCost : fieldCost
  }

  #spend(cost: number): void {
    this.#cost += cost
    const { maxCost } = this.rules
    if (this.#cost > maxCost)
      throw new TooCostly(`The query can cost more than ${maxCost}: ask for fewer objects, or shorter pages.`)
  }
}
