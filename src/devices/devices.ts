// The store of devices.
import type { ValuesOf } from '../config/setting.js'
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { Device } from './device.js'
import type { deviceSettings } from './settings.js'

const list = {
  name: 'idem_device_list',
  text: `select id, account_id as account, public_key as "publicKey", label, created_at as "createdAt"
    from device where account_id = $1::uuid order by id limit $2::int`,
}

const remove = { name: 'idem_device_remove', text: 'delete from device where id = $1::uuid' }

/** The devices of the installation. */
export class Devices {
  constructor(private readonly settings: ValuesOf<typeof deviceSettings>) {}

  /** The devices of an account, oldest first. */
  async listOf(call: Call, accountId: string): Promise<Device[]> {
    return await call.run<Device>(list, [accountId, this.settings.maxPerAccount])
  }

  /** The row of a new device. `CONFLICT` if the account has one with the same key. */
  row(device: Device): Row {
    return rowOf(Device, device, {
      device_account_public_key: () =>
        new Failure('CONFLICT', 'This key is a device of your account already.'),
    })
  }

  /**
   * Throws `CONFLICT` if the account has the maximal number of devices. The caller holds the account's lock, so that
   * none is added meanwhile.
   */
  async refuseSurplus(call: Call, accountId: string): Promise<void> {
    const { maxPerAccount } = this.settings
    if ((await this.listOf(call, accountId)).length >= maxPerAccount)
      throw new Failure(
        'CONFLICT',
        `An account can have ${maxPerAccount} devices, and yours has as many. Remove one first.`,
      )
  }

  /** Deletes a device, in the caller's transaction. */
  async remove(call: Call, id: string): Promise<void> {
    await call.run(remove, [id])
  }
}
