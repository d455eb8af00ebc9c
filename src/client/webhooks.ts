// The webhook endpoints of an installation and what was delivered to them, for its operators.

import type { Transport } from './transport.js'

/** A webhook endpoint. Times are in ISO 8601, in every type of this file. */
export interface WebhookEndpoint {
  readonly id: string
  readonly url: string
  readonly description: string | null
  /** The types of events that it gets; null for all. */
  readonly eventTypes: readonly string[] | null
  /** Why nothing is sent to it; null while it is enabled. */
  readonly disabledBecause: 'OPERATOR' | 'GONE' | 'FAILING' | null
  readonly disabledAt: string | null
  /** Since when nothing but failures; null after a delivery. */
  readonly failingSince: string | null
  /** The Ed25519 keys that sign its deliveries: `whpk_` and base64, the current one first. */
  readonly publicKeys: readonly string[]
  readonly createdAt: string
}

/** An endpoint with its secret, which the server shows this once. */
export interface WebhookEndpointWithSecret {
  readonly endpoint: WebhookEndpoint
  /** `whsec_` and base64. */
  readonly secret: string
}

/** The state of a delivery. */
export type WebhookDeliveryState = 'PENDING' | 'DELIVERED' | 'FAILED'

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  readonly id: string
  readonly endpointId: string
  /** The header `webhook-id`. */
  readonly eventId: string
  readonly eventType: string
  readonly accountId: string
  readonly state: WebhookDeliveryState
  readonly attempts: number
  readonly createdAt: string
  readonly attemptedAt: string | null
  readonly nextAttemptAt: string | null
  readonly deliveredAt: string | null
  /** The body that is sent. */
  readonly request: string
  /** The status of the last answer; null if there was none. */
  readonly answerStatus: number | null
  /** The beginning of the last answer. */
  readonly answer: string | null
  /** Why the last attempt had no answer. */
  readonly failure: string | null
}

const endpointFields =
  'id url description eventTypes disabledBecause disabledAt failingSince publicKeys createdAt'
const deliveryFields = `id endpointId eventId eventType accountId state attempts createdAt attemptedAt
  nextAttemptAt deliveredAt request answerStatus answer failure`

/** The endpoints, oldest first. `FORBIDDEN` for everyone but operators, as all below. */
export const fetchWebhookEndpoints = async (transport: Transport): Promise<readonly WebhookEndpoint[]> => {
  const document = `query WebhookEndpoints { webhookEndpoints { ${endpointFields} } }`
  return (await transport.send<{ webhookEndpoints: readonly WebhookEndpoint[] }>({ document }))
    .webhookEndpoints
}

/** The description of a new endpoint. */
export interface NewWebhookEndpoint {
  readonly url: string
  /** Null for events of all types. */
  readonly eventTypes: readonly string[] | null
  readonly description: string | null
}

/** Adds an endpoint. `BAD_USER_INPUT` for an address that the server does not call, or an unknown type. */
export const addWebhookEndpoint = async (
  transport: Transport,
  input: NewWebhookEndpoint,
): Promise<WebhookEndpointWithSecret> => {
  const document = `mutation AddWebhookEndpoint($input: AddWebhookEndpointInput!) {
    addWebhookEndpoint(input: $input) { secret endpoint { ${endpointFields} } }
  }`
  const data = await transport.send<{ addWebhookEndpoint: WebhookEndpointWithSecret }>({
    document,
    variables: { input },
  })
  return data.addWebhookEndpoint
}

/** What is to change; what is absent stays. */
export interface WebhookEndpointChange {
  readonly id: string
  readonly url?: string
  readonly eventTypes?: readonly string[] | null
  readonly description?: string | null
  readonly enabled?: boolean
}

/** Changes an endpoint. `NOT_FOUND` if there is none with this id. */
export const updateWebhookEndpoint = async (
  transport: Transport,
  input: WebhookEndpointChange,
): Promise<WebhookEndpoint> => {
  const document = `mutation UpdateWebhookEndpoint($input: UpdateWebhookEndpointInput!) {
    updateWebhookEndpoint(input: $input) { ${endpointFields} }
  }`
  const data = await transport.send<{ updateWebhookEndpoint: WebhookEndpoint }>({
    document,
    variables: { input },
  })
  return data.updateWebhookEndpoint
}

/** Removes an endpoint and its log. `NOT_FOUND` if there is none with this id. */
export const removeWebhookEndpoint = async (transport: Transport, id: string): Promise<void> => {
  const document = 'mutation RemoveWebhookEndpoint($id: ID!) { removeWebhookEndpoint(id: $id) }'
  await transport.send({ document, variables: { id } })
}

/** Gives an endpoint a new secret and a new key; the old ones sign beside them for 24 hours. */
export const rotateWebhookSecret = async (
  transport: Transport,
  id: string,
): Promise<WebhookEndpointWithSecret> => {
  const document = `mutation RotateWebhookSecret($id: ID!) {
    rotateWebhookSecret(id: $id) { secret endpoint { ${endpointFields} } }
  }`
  const data = await transport.send<{ rotateWebhookSecret: WebhookEndpointWithSecret }>({
    document,
    variables: { id },
  })
  return data.rotateWebhookSecret
}

/** The deliveries that are asked for. */
export interface WebhookDeliveryQuery {
  readonly endpointId: string
  /** Null: in all states. */
  readonly state: WebhookDeliveryState | null
}

interface DeliveriesPage {
  readonly edges: readonly { readonly node: WebhookDelivery }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const deliveriesDocument = `query WebhookDeliveries(
  $endpointId: ID!, $state: WebhookDeliveryState, $first: Int, $after: String
) {
  webhookDeliveries(endpointId: $endpointId, state: $state, first: $first, after: $after) {
    edges { node { ${deliveryFields} } }
    pageInfo { hasNextPage endCursor }
  }
}`

/** The largest page of the server. */
const pageSize = 100

/** The deliveries to an endpoint, newest first, read page by page. */
export const listWebhookDeliveries = async function* (
  transport: Transport,
  query: WebhookDeliveryQuery,
): AsyncGenerator<WebhookDelivery, void> {
  let after: string | null = null
  do {
    const data: { webhookDeliveries: DeliveriesPage } = await transport.send({
      document: deliveriesDocument,
      variables: { ...query, first: pageSize, after },
    })
    const { edges, pageInfo } = data.webhookDeliveries
    for (const { node } of edges) yield node
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
}

/** Delivers an event again. `NOT_FOUND` if there is no such delivery, `CONFLICT` while it is tried. */
export const redeliverWebhook = async (transport: Transport, id: string): Promise<WebhookDelivery> => {
  const document = `mutation RedeliverWebhook($id: ID!) { redeliverWebhook(id: $id) { ${deliveryFields} } }`
  const data = await transport.send<{ redeliverWebhook: WebhookDelivery }>({ document, variables: { id } })
  return data.redeliverWebhook
}

/** Delivers again what an endpoint did not take since a time, at most 14 days ago; returns the number. */
export const redeliverFailedWebhooks = async (
  transport: Transport,
  input: { readonly endpointId: string; readonly since: string | null },
): Promise<number> => {
  const document = `mutation RedeliverFailedWebhooks($endpointId: ID!, $since: DateTime) {
    redeliverFailedWebhooks(endpointId: $endpointId, since: $since)
  }`
  const data = await transport.send<{ redeliverFailedWebhooks: number }>({ document, variables: input })
  return data.redeliverFailedWebhooks
}
