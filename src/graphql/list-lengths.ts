// The largest lengths of the schema's lists, from which the cost of a query is computed.
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
import { mergeFields } from '../merge/merge.js'
import { mostMergesListed } from '../merge/merge-undos.js'
import { mostAddressesShown } from '../operators/account-record.js'
import { mostAcknowledgements } from '../webhooks/webhook-delivery.js'
import { mostEndpoints } from '../webhooks/webhook-endpoint.js'
import { longestPage, usualPage } from './page.js'

/** The lengths that are settings. */
export interface ListBounds {
  /** Identities per account. */
  readonly identities: number
  /** Live sessions per account. */
  readonly sessions: number
  /** Devices per account. */
  readonly devices: number
}

/** The kinds of second factors, of which an account has one each. */
const mostSecondFactors = 2

/** What may move by a merge: `MergeMoveKind`. */
const mostMoves = 6

/** Instead of a number: the length of the page, which is the argument `first` of the field above. */
const page = 'page'

/** The largest length of a list field, given the length of the page that contains it. */
export type LengthOf = (typeName: string, fieldName: string, pageLength: number) => number

const lengths = ({
  identities,
  sessions,
  devices,
}: ListBounds): Readonly<Record<string, number | typeof page>> => ({
  'Account.devices': devices,
  'Account.emails': identities,
  'Account.identities': identities,
  'Account.sessions': sessions,
  'Account.secondFactors': mostSecondFactors,
  'AccountRecord.emails': mostAddressesShown,
  'Query.merges': mostMergesListed,
  'Merge.proofs': 2,
  'Merge.acknowledgements': mostAcknowledgements,
  'MergeUndoPlan.restores': 2 * (identities + devices),
  'MergeUndoPlan.stays': 2 * (identities + devices),
  'AccountConnection.edges': page,
  'MergePlan.conflicts': mergeFields.length,
  'MergePlan.moves': mostMoves,
  'FailedJobConnection.edges': page,
  'Query.webhookEndpoints': mostEndpoints,
  'WebhookDeliveryConnection.edges': page,
})

/** Throws if a list of objects has no length here, so that a new list cannot be added without one. */
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

/** The lengths of all lists of objects in a schema; 1 for other fields. */
export const listLengths = (schema: GraphQLSchema, bounds: ListBounds): LengthOf => {
  const known = lengths(bounds)
  requireAll(schema, known)
  return (typeName, fieldName, pageLength) => {
    const length = known[`${typeName}.${fieldName}`] ?? 1
    return length === page ? pageLength : length
  }
}

/** The length of the page that a field requests; the longest if it is a variable. */
export const pageLengthOf = ({ arguments: given = [] }: FieldNode): number => {
  const first = given.find(({ name }) => name.value === 'first')?.value
  if (first === undefined || first.kind === Kind.NULL) return usualPage
  return first.kind === Kind.INT ? Math.min(Math.max(Number(first.value), 1), longestPage) : longestPage
}
