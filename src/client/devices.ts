// The devices of the account: keys that open nothing, and confirm a reset of its password.

import { type KeySigner, signChallenge } from './proof.js'
import type { Transport } from './transport.js'

/** A registered device. */
export interface Device {
  readonly id: string
  readonly label: string | null
  /** Base64 of the 32 bytes of its Ed25519 key. */
  readonly publicKey: string
  readonly createdAt: string
}

const deviceFields = 'id label publicKey createdAt'

/** The devices of the account, oldest first; null without a session. */
export const fetchDevices = async (transport: Transport): Promise<readonly Device[] | null> => {
  const document = `query Devices { me { devices { ${deviceFields} } } }`
  const { me } = await transport.send<{ me: { devices: readonly Device[] } | null }>({ document })
  return me?.devices ?? null
}

/** Registers a key as a device. `CONFLICT` if the account has it already, or no room for another one. */
export const registerDevice = async (
  transport: Transport,
  signer: KeySigner,
  label: string,
): Promise<Device> => {
  const signed = await signChallenge(transport, signer, { purpose: 'REGISTER_DEVICE' })
  const document = `mutation RegisterDevice($input: RegisterDeviceInput!) {
    registerDevice(input: $input) { ${deviceFields} }
  }`
  const data = await transport.send<{ registerDevice: Device }>({
    document,
    variables: { input: { ...signed, label } },
  })
  return data.registerDevice
}

/** Removes a device. `NOT_FOUND` if the account has none with this id. */
export const removeDevice = async (transport: Transport, id: string): Promise<void> => {
  const document = 'mutation RemoveDevice($id: ID!) { removeDevice(id: $id) { __typename } }'
  await transport.send({ document, variables: { id } })
}
