// The GraphQL resolver for the webhooks of an installation, which operators see to.
import { Arg, Args, Ctx, Directive, ID, Int, Mutation, Query, Resolver } from 'type-graphql'
import { stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import { operatorScope } from '../authorization/scope.js'
import { addEndpoint, type EndpointNeeds, type EndpointWithSecret } from '../webhooks/add-endpoint.js'
import { changeEndpoint } from '../webhooks/change-endpoint.js'
import { redeliverEvent } from '../webhooks/redeliver-event.js'
import { type RedeliverFailedNeeds, redeliverFailedSince } from '../webhooks/redeliver-failed-since.js'
import { removeEndpoint } from '../webhooks/remove-endpoint.js'
import { rotateEndpointSecret } from '../webhooks/rotate-endpoint-secret.js'
import type { GraphqlContext } from './context.js'
import { connectionOf, parsePage } from './page.js'
import { parseId } from './parse-id.js'
import {
  AddWebhookEndpointInput,
  UpdateWebhookEndpointInput,
  WebhookDeliveriesArguments,
  WebhookDeliveryConnection,
  WebhookDeliveryType,
  WebhookEndpointType,
  WebhookEndpointWithSecretType,
  webhookDeliveryOf,
  webhookEndpointOf,
} from './webhook.types.js'

/** What the webhook resolver works with. */
export interface WebhookResolverNeeds extends EndpointNeeds, RedeliverFailedNeeds {}

const forOperators = `@requiresScopes(scopes: [["${operatorScope}"]])`
/** For what decides where the events of all accounts go, and by what a receiver knows that they are ours. */
const recently = `@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds})`

const withSecret = ({ endpoint, secret }: EndpointWithSecret, now: Date): WebhookEndpointWithSecretType => ({
  endpoint: webhookEndpointOf(endpoint, now),
  secret: secret.reveal(),
})

/** Queries and mutations of webhooks. */
@Resolver()
export class WebhookResolver {
  constructor(private readonly needs: WebhookResolverNeeds) {}

  @Directive('@authenticated')
  @Directive(forOperators)
  @Query(() => [WebhookEndpointType], { description: 'The webhook endpoints, the oldest first.' })
  async webhookEndpoints(@Ctx() { call }: GraphqlContext): Promise<WebhookEndpointType[]> {
    const endpoints = await this.needs.webhookEndpoints.list(call)
    return endpoints.map((endpoint) => webhookEndpointOf(endpoint, call.now))
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Query(() => WebhookDeliveryConnection, {
    description: 'What was delivered, is delivered and failed, the newest first.',
  })
  async webhookDeliveries(
    @Ctx() { call }: GraphqlContext,
    @Args(() => WebhookDeliveriesArguments) asked: WebhookDeliveriesArguments,
  ): Promise<WebhookDeliveryConnection> {
    const { first, after } = parsePage(asked)
    const { webhookDeliveries } = this.needs
    const { id: endpointId } = await this.needs.webhookEndpoints.get(
      call,
      parseId(asked.endpointId, 'endpointId'),
    )
    const before = after === null ? null : (await webhookDeliveries.get(call, after)).seq
    const query = { endpointId, state: asked.state ?? null, first, before }
    const { deliveries, hasNextPage } = await webhookDeliveries.list(call, query)
    return connectionOf({ nodes: deliveries.map(webhookDeliveryOf), hasNextPage })
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Directive(recently)
  @Mutation(() => WebhookEndpointWithSecretType, {
    description:
      'Adds an endpoint, which gets the events from now on. BAD_USER_INPUT for an address that is not called, CONFLICT when there are too many.',
  })
  async addWebhookEndpoint(
    @Ctx() { call }: GraphqlContext,
    @Arg('input', () => AddWebhookEndpointInput, { description: 'Where, and what of.' })
    input: AddWebhookEndpointInput,
  ): Promise<WebhookEndpointWithSecretType> {
    const { url, description = null, eventTypes = null } = input
    return withSecret(await addEndpoint(call, { url, description, eventTypes }, this.needs), call.now)
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Directive(recently)
  @Mutation(() => WebhookEndpointType, {
    description: 'Changes an endpoint, and enables one that was disabled; NOT_FOUND when there is none.',
  })
  async updateWebhookEndpoint(
    @Ctx() { call }: GraphqlContext,
    @Arg('input', () => UpdateWebhookEndpointInput, { description: 'What is to change.' })
    input: UpdateWebhookEndpointInput,
  ): Promise<WebhookEndpointType> {
    const { id, url, description, eventTypes, enabled } = input
    const changed = {
      ...(url == null ? {} : { url }),
      ...(description === undefined ? {} : { description }),
      ...(eventTypes === undefined ? {} : { eventTypes }),
      ...(enabled == null ? {} : { isEnabled: enabled }),
    }
    return webhookEndpointOf(await changeEndpoint(call, parseId(id), changed, this.needs), call.now)
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Mutation(() => Boolean, {
    description: 'Removes an endpoint and its log; what waits is not sent. NOT_FOUND when there is none.',
  })
  async removeWebhookEndpoint(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the endpoint.' }) id: string,
  ): Promise<boolean> {
    await removeEndpoint(call, parseId(id), this.needs)
    return true
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Directive(recently)
  @Mutation(() => WebhookEndpointWithSecretType, {
    description:
      'Gives an endpoint a new secret and a new key. The old ones sign too for 24 hours. NOT_FOUND when there is none.',
  })
  async rotateWebhookSecret(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the endpoint.' }) id: string,
  ): Promise<WebhookEndpointWithSecretType> {
    return withSecret(await rotateEndpointSecret(call, parseId(id), this.needs), call.now)
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Mutation(() => WebhookDeliveryType, {
    description:
      'Delivers an event again, with its id and all tries. NOT_FOUND when there is no such delivery (they are kept for 14 days), CONFLICT while it is tried.',
  })
  async redeliverWebhook(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the delivery.' }) id: string,
  ): Promise<WebhookDeliveryType> {
    const deliveryId = parseId(id)
    await redeliverEvent(call, deliveryId, this.needs)
    return webhookDeliveryOf(await this.needs.webhookDeliveries.get(call, deliveryId))
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Mutation(() => Int, {
    description:
      'Delivers at once, with all tries, what an endpoint did not take: what was given up, and what waits for another try. Returns the number.',
  })
  async redeliverFailedWebhooks(
    @Ctx() { call }: GraphqlContext,
    @Arg('endpointId', () => ID, { description: 'The id of the endpoint.' }) endpointId: string,
    @Arg('since', () => Date, {
      nullable: true,
      description:
        'Only what was to be delivered since then; at most, and where it is not said, 14 days ago.',
    })
    since: Date | null,
  ): Promise<number> {
    const asked = { endpointId: parseId(endpointId, 'endpointId'), since }
    return await redeliverFailedSince(call, asked, this.needs)
  }
}
