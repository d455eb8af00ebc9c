// A device: a key of an account's owner. It opens nothing; its signature confirms a reset of the password.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'

const DeviceSchema = defineEntity({
  name: 'Device',
  tableName: 'device',
  uniques: [{ name: 'device_account_public_key', properties: ['account', 'publicKey'] }],
  properties: {
    id: p.uuid().primary(),
    account: () => p.manyToOne(Account).mapToPk().deleteRule('cascade'),
    /** An Ed25519 key: base64 of its 32 bytes. Several accounts may have the same one. */
    publicKey: p.text(),
    /** The owner's label, or null. */
    label: p.text().strictNullable(),
    createdAt: p.datetime(),
  },
})

/** A key that may only sign a reset of its account's password. */
export class Device extends DeviceSchema.class {}
DeviceSchema.setClass(Device)
