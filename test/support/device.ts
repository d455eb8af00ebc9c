// A device: a key of a person that signs resets of the password, and the calls about devices.
import { dataOf } from './calls.js'
import { KeyOwner } from './key-owner.js'
import type { Answer, TestService } from './start-service.js'

const fields = 'id publicKey label createdAt'

/** The input that registers a key, which has signed the challenge. */
export interface RegisterInput {
  readonly challengeId: string
  readonly signature: string
  readonly label?: string
}

/** Registers a device with a given answer. */
export const register = async (
  idem: TestService,
  accessToken: string,
  input: RegisterInput,
): Promise<Answer> =>
  await idem.askAs(
    accessToken,
    `mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ${fields} } }`,
    { input },
  )

/** Removes a device. */
export const removeDevice = async (idem: TestService, accessToken: string, id: string): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation ($id: ID!) { removeDevice(id: $id) { devices { id } } }', { id })

/** The devices of an account. */
export const devicesOf = async (
  idem: TestService,
  accessToken: string,
): Promise<{ id: string; publicKey: string; label: string | null; createdAt: string }[]> =>
  dataOf(await idem.askAs(accessToken, `{ me { devices { ${fields} } } }`)).me.devices

/** A device with its key. */
export class Device extends KeyOwner {
  constructor(private readonly service: TestService) {
    super(service)
  }

  /** Asks for the text to sign, and signs it. */
  async registration(accessToken: string): Promise<RegisterInput> {
    const { id, message } = await this.challenge({ purpose: 'REGISTER_DEVICE', accessToken })
    return { challengeId: id, signature: this.sign(message) }
  }

  /** Registers this key for the account of a session. */
  async register(accessToken: string, label?: string): Promise<Answer> {
    const input = { ...(await this.registration(accessToken)), ...(label === undefined ? {} : { label }) }
    return await register(this.service, accessToken, input)
  }
}
