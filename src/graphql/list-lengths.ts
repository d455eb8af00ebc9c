// How long the lists of the schema can be: what a query costs follows from it.
import {
  type FieldNode,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isIntrospectionType,
  isListType,
  isObjectType,
  Kind,
} from 'graphql'
import { mostAddressesShown } from '../operators/account-record.js'
import { longestPage, usualPage } from './page.js'

/** The bounds that are settings. */
export interface ListBounds {
  /** Identities that an account can have. */
  readonly identities: number
  /** Live sessions that an account can have. */
  readonly sessions: number
}

/** In the place of a number: as long as the page that the argument `first` of the field above asks for. */
const page = 'page'

/** How many entries a field can have, given the length of the page that it stands on. */
export type LengthOf = (typeName: string, fieldName: string, pageLength: number) => number

const lengths = ({ identities, sessions }: ListBounds): Readonly<Record<string, number | typeof page>> => ({
  'Account.emails': identities,
  'Account.identities': identities,
  'Account.sessions': sessions,
  'AccountRecord.emails': mostAddressesShown,
  'AccountConnection.edges': page,
  'FailedJobConnection.edges': page,
})

/** Throws where a list of objects says nothing of its length, so that nobody adds one without thinking of it. */
const requireAll = (schema: GraphQLSchema, known: object): void => {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const isOfObjects = isListType(getNullableType(field.type)) && isCompositeType(getNamedType(field.type))
      if (isOfObjects && !(`${type.name}.${field.name}` in known))
        throw new Error(`list-lengths does not say how long ${type.name}.${field.name} can be`)
    }
  }
}

/** The lengths of all lists of objects of a schema; 1 for what is no list. */
export const listLengths = (schema: GraphQLSchema, bounds: ListBounds): LengthOf => {
  const known = lengths(bounds)
  requireAll(schema, known)
  return (typeName, fieldName, pageLength) => {
    const length = known[`${typeName}.${fieldName}`] ?? 1
    return length === page ? pageLength : length
  }
}

/** The page that a field asks for. A variable may ask for the longest. */
export const pageLengthOf = ({ arguments: given = [] }: FieldNode): number => {
  const first = given.find(({ name }) => name.value === 'first')?.value
  if (first === undefined || first.kind === Kind.NULL) return usualPage
  return first.kind === Kind.INT ? Math.min(Math.max(Number(first.value), 1), longestPage) : longestPage
}
