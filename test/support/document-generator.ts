// Makes requests against a schema, right ones and wrong ones of every kind; each is a function of its number alone.
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'

/** One request, as its body would be. */
export interface GeneratedRequest {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly operationName?: string
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed * 0x9e3779b9
  }

  roll(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** True in so many of a hundred cases. */
  percent(chance: number): boolean {
    return this.roll() * 100 < chance
  }

  one<T>(choices: readonly T[]): T {
    const chosen = choices[Math.floor(this.roll() * choices.length)]
    if (chosen === undefined) throw new Error('nothing to choose from')
    return chosen
  }

  below(limit: number): number {
    return Math.floor(this.roll() * limit)
  }
}

/** What JSON can hold where something else is wanted. */
const oddities: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  1e308,
  '',
  [],
  [null],
  {},
  { a: 1 },
  [[['x']]],
  { __proto__: null, $ne: '' },
]
const oddLiterals = ['null', 'true', '0', '-1', '1.5', '3000000000', '1e400', '""', '[]', '[null]', '{}']
const deepest = 4

/** One document in the making. */
class Draft {
  readonly declarations: string[] = []
  readonly fragments: string[] = []
  readonly variables: Record<string, unknown> = {}

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly dice: Dice,
    private readonly texts: readonly string[],
  ) {}

  operation(kind: 'query' | 'mutation' | 'subscription', name: string): string {
    const root = {
      query: 'getQueryType',
      mutation: 'getMutationType',
      subscription: 'getSubscriptionType',
    } as const
    const type = this.schema[root[kind]]()
    if (!type) throw new Error(`no ${kind}`)
    const selections = this.selections(type, 0)
    const declared = this.declarations.length > 0 ? ` (${this.declarations.join(', ')})` : ''
    return `${kind} ${name}${declared} ${selections} ${this.fragments.join(' ')}`
  }

  selections(type: GraphQLObjectType, depth: number): string {
    const fields = Object.values(type.getFields())
    const count = depth === 0 ? 1 + this.dice.below(2) : 1 + this.dice.below(4)
    const chosen = Array.from({ length: count }, () => this.selection(this.dice.one(fields), type, depth))
    if (this.dice.percent(10)) chosen.push('__typename')
    if (this.dice.percent(0.5)) chosen.push('nothingOfTheKind')
    return `{ ${chosen.join(' ')} }`
  }

  selection(field: GraphQLField<unknown, unknown>, type: GraphQLObjectType, depth: number): string {
    const { dice } = this
    const text = this.field(field, depth)
    if (dice.percent(6)) return `... on ${type.name}${this.directive()} { ${text} }`
    if (!dice.percent(6)) return text
    const name = `F${this.fragments.length}x${dice.below(1e6)}`
    this.fragments.push(`fragment ${name} on ${type.name} { ${text} }`)
    return `...${name}${this.directive()}`
  }

  field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const { dice } = this
    const named: GraphQLNamedOutputType = getNamedType(field.type)
    const alias = dice.percent(20) ? `a${dice.below(1e6)}: ` : ''
    const given = this.fieldsOf(field.args, isRequiredArgument)
    const args = given.length > 0 ? `(${given.join(', ')})` : ''
    const own = isObjectType(named)
      ? depth < deepest
        ? ` ${this.selections(named, depth + 1)}`
        : ' { __typename }'
      : ''
    return `${alias}${field.name}${args}${this.directive()}${own}`
  }

  directive(): string {
    if (!this.dice.percent(12)) return ''
    const name = this.dice.one(['include', 'skip'])
    const given = this.dice.percent(50)
      ? this.dice.one(this.dice.percent(90) ? ['true', 'false'] : ['null', '1'])
      : this.variable(this.dice.one(['Boolean!', 'Boolean = true', 'Boolean! = false', 'Boolean']), () =>
          this.dice.one<unknown>(this.dice.percent(90) ? [true, false] : [null, 'true', 0]),
        )
    return ` @${name}(if: ${given})`
  }

  /** Declares a variable and gives it a value, or none. */
  variable(type: string, value: () => unknown): string {
    const name = `v${this.declarations.length}`
    this.declarations.push(`$${name}: ${type}`)
    if (!this.dice.percent(8)) this.variables[name] = this.dice.percent(5) ? null : value()
    return `$${name}`
  }

  fieldsOf<T extends GraphQLArgument | GraphQLInputField>(
    fields: readonly T[],
    isRequired: (field: T) => boolean,
  ): string[] {
    const given = fields.filter((field) => this.dice.percent(isRequired(field) ? 98 : 45))
    const written = given.map((field) => `${field.name}: ${this.input(field.type)}`)
    return this.dice.percent(1) ? [...written, 'nothingOfTheKind: 1'] : written
  }

  /** A value in the document: written out, or a variable. */
  input(type: GraphQLInputType): string {
    if (!this.dice.percent(40)) return this.literal(type)
    const declared = this.dice.percent(90)
      ? String(type)
      : this.dice.one([String(getNullableType(type)), `${getNullableType(type)}!`, 'String', 'Int!'])
    const start = this.dice.percent(15) ? ` = ${this.literal(type)}` : ''
    // A default is a constant.
    return this.variable(start.includes('$') ? declared : declared + start, () => this.json(type))
  }

  literal(type: GraphQLInputType): string {
    const { dice } = this
    if (dice.percent(2)) return dice.one(oddLiterals)
    if (isNonNullType(type)) return this.literal(type.ofType)
    if (isListType(type)) return dice.percent(30) ? this.input(type.ofType) : `[${this.input(type.ofType)}]`
    if (isEnumType(type)) return dice.percent(95) ? dice.one(type.getValues()).name : 'NOTHING'
    if (isInputObjectType(type)) return `{ ${this.objectFields(type).join(', ')} }`
    return this.scalarOf(type.name, (value) => JSON.stringify(value))
  }

  objectFields(type: GraphQLInputObjectType): string[] {
    const { dice } = this
    const fields = Object.values(type.getFields())
    if (!type.isOneOf) return this.fieldsOf(fields, isRequiredInputField)
    const one = (): string => {
      const field = dice.one(fields)
      const named = getNullableType(field.type)
      const value = dice.percent(10)
        ? this.variable(dice.one([String(named), `${named}!`]), () => this.json(field.type))
        : dice.percent(8)
          ? 'null'
          : this.literal(field.type)
      return `${field.name}: ${value}`
    }
    const count = dice.percent(85) ? 1 : dice.below(4)
    return Array.from({ length: count }, one)
  }

  json(type: GraphQLInputType): unknown {
    const { dice } = this
    if (dice.percent(2)) return dice.one(oddities)
    if (isNonNullType(type)) return this.json(type.ofType)
    if (isListType(type)) return dice.percent(30) ? this.json(type.ofType) : [this.json(type.ofType)]
    if (isEnumType(type)) return dice.percent(95) ? dice.one(type.getValues()).name : 'NOTHING'
    if (isInputObjectType(type)) return this.jsonObject(type)
    return this.scalarOf(type.name, (value) => value)
  }

  jsonObject(type: GraphQLInputObjectType): Record<string, unknown> {
    const { dice } = this
    const fields = Object.values(type.getFields())
    const chosen = type.isOneOf
      ? Array.from({ length: dice.percent(85) ? 1 : dice.below(4) }, () => dice.one(fields))
      : fields.filter((field) => dice.percent(isRequiredInputField(field) ? 98 : 45))
    const value = Object.fromEntries(
      chosen.map((field) => [field.name, dice.percent(5) ? null : this.json(field.type)]),
    )
    // More than fifty problems in one value is a way of its own to be refused.
    const surplus = dice.percent(1) ? (dice.percent(50) ? 60 : 1) : 0
    return {
      ...value,
      ...Object.fromEntries(Array.from({ length: surplus }, (_, index) => [`x${index}`, 1])),
    }
  }

  scalarOf<T>(name: string, write: (value: unknown) => T): T {
    const { dice } = this
    if (name === 'Boolean') return write(dice.percent(50))
    if (name === 'Int') return write(dice.one([0, 1, 2, 20, 100, 101, -5, 2_147_483_647]))
    if (name === 'ID' && dice.percent(10)) return write(dice.below(100))
    return write(dice.one(this.texts))
  }
}

/** The request with this number. `texts` are what its strings and ids are taken from. */
export const generateRequest = (
  schema: GraphQLSchema,
  number: number,
  texts: readonly string[],
): GeneratedRequest => {
  const dice = new Dice(number)
  const draft = new Draft(schema, dice, texts)
  const kind = dice.percent(2) ? 'subscription' : dice.percent(50) ? 'query' : 'mutation'
  const query = draft.operation(kind, 'Main')
  const { variables } = draft
  if (dice.percent(3)) return { query: `${query} query Other { __typename }`, variables }
  return dice.percent(3)
    ? { query, variables, operationName: dice.one(['Main', 'Nothing', '']) }
    : { query, variables }
}
