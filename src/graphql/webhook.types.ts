// The schema's types of webhooks: endpoints, deliveries and pages of them.
import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import { bodyOf } from '../webhooks/event.js'
import type { LoggedDelivery } from '../webhooks/webhook-deliveries.js'
import { publicKeysOf, type WebhookEndpoint, whpkOf } from '../webhooks/webhook-endpoint.js'
import { PageArguments, PageInfo } from './page.js'

/** The states of a delivery. */
export const webhookDeliveryStates = {
  PENDING: 'PENDING',
  DELIVERED: 'DELIVERED',
  FAILED: 'FAILED',
} as const

registerEnumType(webhookDeliveryStates, {
  name: 'WebhookDeliveryState',
  description: 'How far a delivery is.',
  valuesConfig: {
    PENDING: { description: 'It is tried, or waits for its next try or for an older event of its account.' },
    DELIVERED: { description: 'The receiver answered with 2xx.' },
    FAILED: { description: 'Given up after its last try, until somebody delivers it again.' },
  },
})

/** Why an endpoint is disabled. */
export const webhookDisabledBecause = { OPERATOR: 'OPERATOR', GONE: 'GONE', FAILING: 'FAILING' } as const

registerEnumType(webhookDisabledBecause, {
  name: 'WebhookDisabledBecause',
  description: 'Why nothing is sent to a webhook endpoint.',
  valuesConfig: {
    OPERATOR: { description: 'An operator said so.' },
    GONE: { description: 'It answered 410 Gone.' },
    FAILING: { description: 'It failed for five days without a success.' },
  },
})

/** An endpoint as the schema shows it. */
@ObjectType('WebhookEndpoint', {
  description: 'An address of another system, to which Idem posts what becomes of accounts.',
})
export class WebhookEndpointType {
  @Field(() => ID, { description: 'UUIDv7.' })
  id!: string

  @Field(() => String, { description: 'Where events are posted.' })
  url!: string

  @Field(() => String, { nullable: true, description: 'What operators call it.' })
  description!: string | null

  @Field(() => [String], {
    nullable: true,
    description: 'The types of events that it gets, such as `account.merged`; null for all of them.',
  })
  eventTypes!: readonly string[] | null

  @Field(() => Date, {
    nullable: true,
    description: 'Since when nothing is sent to it; null while it is enabled.',
  })
  disabledAt!: Date | null

  @Field(() => webhookDisabledBecause, { nullable: true, description: 'Why nothing is sent to it.' })
  disabledBecause!: keyof typeof webhookDisabledBecause | null

  @Field(() => Date, {
    nullable: true,
    description:
      'Since when every try has failed; after five days the endpoint is disabled. Null after a success.',
  })
  failingSince!: Date | null

  @Field(() => [String], {
    description:
      'The Ed25519 keys that sign deliveries as `v1a`: `whpk_` and base64, the current one first, the one before for 24 hours after a rotation.',
  })
  publicKeys!: readonly string[]

  @Field(() => Date, { description: 'When it was added.' })
  createdAt!: Date
}

/** An endpoint with its secret. */
@ObjectType('WebhookEndpointWithSecret', {
  description: 'An endpoint and its new secret: the only time that the secret is seen.',
})
export class WebhookEndpointWithSecretType {
  @Field(() => WebhookEndpointType, { description: 'The endpoint.' })
  endpoint!: WebhookEndpointType

  @Field(() => String, { description: 'Signs deliveries as `v1`: `whsec_` and base64.' })
  secret!: string
}

/** A delivery as the schema shows it. */
@ObjectType('WebhookDelivery', { description: 'One event on its way to one endpoint.' })
export class WebhookDeliveryType {
  @Field(() => ID, { description: 'UUIDv7.' })
  id!: string

  @Field(() => ID, { description: 'The endpoint.' })
  endpointId!: string

  @Field(() => ID, {
    description: 'The event: `webhook-id`, the same at each try and each endpoint.',
  })
  eventId!: string

  @Field(() => String, { description: 'The type of the event.' })
  eventType!: string

  @Field(() => ID, { description: 'The account of the event, within which the order is kept.' })
  accountId!: string

  @Field(() => webhookDeliveryStates, { description: 'How far it is.' })
  state!: keyof typeof webhookDeliveryStates

  @Field(() => Int, {
    description: 'How often it was tried since the event, or since it was asked for again.',
  })
  attempts!: number

  @Field(() => Date, { description: 'When the event happened.' })
  createdAt!: Date

  @Field(() => Date, { nullable: true, description: 'When it was last tried.' })
  attemptedAt!: Date | null

  @Field(() => Date, { nullable: true, description: 'When it is tried next; null when it is not.' })
  nextAttemptAt!: Date | null

  @Field(() => Date, { nullable: true, description: 'When the receiver acknowledged it.' })
  deliveredAt!: Date | null

  @Field(() => String, { description: 'The body that is sent, as it is signed.' })
  request!: string

  @Field(() => Int, { nullable: true, description: 'The HTTP status of the last answer, if there was one.' })
  answerStatus!: number | null

  @Field(() => String, { nullable: true, description: 'The beginning of the last answer; never trusted.' })
  answer!: string | null

  @Field(() => String, { nullable: true, description: 'Why the last try had no answer.' })
  failure!: string | null
}

/** One delivery of a page. */
@ObjectType({ description: 'One delivery of a page.' })
export class WebhookDeliveryEdge {
  @Field(() => String, { description: 'For `after`, to go on behind it.' })
  cursor!: string

  @Field(() => WebhookDeliveryType, { description: 'The delivery.' })
  node!: WebhookDeliveryType
}

/** A page of deliveries. */
@ObjectType({ description: 'A page of deliveries, the newest first.' })
export class WebhookDeliveryConnection {
  @Field(() => [WebhookDeliveryEdge], { description: 'The deliveries.' })
  edges!: readonly WebhookDeliveryEdge[]

  @Field(() => PageInfo, { description: 'Where the page ends.' })
  pageInfo!: PageInfo
}

/** The input of the list of deliveries. */
@ArgsType()
export class WebhookDeliveriesArguments extends PageArguments {
  @Field(() => ID, { description: 'The endpoint.' })
  endpointId!: string

  @Field(() => webhookDeliveryStates, { nullable: true, description: 'Only those in this state.' })
  state?: keyof typeof webhookDeliveryStates | null
}

/** The input of a new endpoint. */
@InputType({ description: 'A new endpoint.' })
export class AddWebhookEndpointInput {
  @Field(() => String, {
    description:
      'Where events are posted: https, on the public internet or a network of IDEM_OUTBOUND_NETWORKS; in development also http on the same machine.',
  })
  url!: string

  @Field(() => [String], {
    nullable: true,
    description: 'The types of events that it gets; all of them where it is null or not said.',
  })
  eventTypes?: string[] | null

  @Field(() => String, { nullable: true, description: 'What operators call it: at most 100 characters.' })
  description?: string | null
}

/** The input of a changed endpoint. */
@InputType({ description: 'What is to change of an endpoint; what is not said stays.' })
export class UpdateWebhookEndpointInput {
  @Field(() => ID, { description: 'The id of the endpoint.' })
  id!: string

  @Field(() => String, { nullable: true, description: 'Where events are posted from now on.' })
  url?: string | null

  @Field(() => [String], { nullable: true, description: 'The types of events that it gets; null for all.' })
  eventTypes?: string[] | null

  @Field(() => String, { nullable: true, description: 'What operators call it; null takes the name away.' })
  description?: string | null

  @Field(() => Boolean, {
    nullable: true,
    description:
      'False stops deliveries; true begins them again, with those that waited and the events from now on.',
  })
  enabled?: boolean | null
}

/** An endpoint in the schema's form, with the keys that sign at `now`. */
export const webhookEndpointOf = (endpoint: WebhookEndpoint, now: Date): WebhookEndpointType => ({
  ...endpoint,
  failingSince: endpoint.firstFailedAt,
  publicKeys: publicKeysOf(endpoint, now).map(whpkOf),
})

/** A delivery in the schema's form. */
export const webhookDeliveryOf = (delivery: LoggedDelivery): WebhookDeliveryType => ({
  id: delivery.id,
  endpointId: delivery.endpoint,
  eventId: delivery.event,
  eventType: delivery.type,
  accountId: delivery.accountId,
  state: delivery.state,
  attempts: delivery.attempts,
  createdAt: delivery.at,
  attemptedAt: delivery.attemptedAt,
  nextAttemptAt: delivery.state === 'PENDING' ? delivery.nextAttemptAt : null,
  deliveredAt: delivery.acknowledgedAt,
  request: bodyOf(delivery),
  answerStatus: delivery.status,
  answer: delivery.answer,
  failure: delivery.fault,
})
