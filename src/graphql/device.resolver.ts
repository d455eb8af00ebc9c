// The GraphQL resolver of devices: the list of an account, registration, removal.
import { Arg, Ctx, Directive, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import type { Account } from '../accounts/account.js'
import { type RegisterDeviceNeeds, registerDevice } from '../authentication/register-device.js'
import { type RemoveDeviceNeeds, removeDevice } from '../authentication/remove-device.js'
import { stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { Device } from '../devices/device.js'
import { AccountType } from './account.types.js'
import type { GraphqlContext } from './context.js'
import { DeviceType, RegisterDeviceInput } from './device.types.js'
import { parseId } from './parse-id.js'

/** What the device resolver works with. */
export interface DeviceResolverNeeds extends RegisterDeviceNeeds, RemoveDeviceNeeds {}

/** Fields and mutations of devices. */
@Resolver(() => AccountType)
export class DeviceResolver {
  constructor(private readonly needs: DeviceResolverNeeds) {}

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @FieldResolver(() => [DeviceType], {
    description: 'The devices that may confirm a reset of my password, oldest first.',
  })
  async devices(@Ctx() { call }: GraphqlContext, @Root() account: Account): Promise<Device[]> {
    return await this.needs.devices.listOf(call, account.id)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["identity:write"]])')
  @Directive(`@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds})`)
  @Mutation(() => DeviceType, {
    description: 'Registers a device of my account: its key may from then on confirm a reset of my password.',
  })
  async registerDevice(
    @Ctx() { call }: GraphqlContext,
    @Arg('input', () => RegisterDeviceInput, { description: 'The answer of the device.' })
    { challengeId, signature, label }: RegisterDeviceInput,
  ): Promise<Device> {
    return await registerDevice(call, { challengeId, signature, label: label ?? null }, this.needs)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["identity:write"]])')
  @Directive(`@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds})`)
  @Mutation(() => AccountType, { description: 'Removes a device of my account.' })
  async removeDevice(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the device.' }) id: string,
  ): Promise<Account> {
    return await removeDevice(call, parseId(id), this.needs)
  }
}
