// The content of `config.json`: the default server and, for each server, who is signed in. Fields that this version
// does not know are kept.

import type { KeptTokens } from '../client/tokens.js'

/** How the session was opened, and so how it can be opened again for the same account. */
export type Login =
  | {
      readonly method: 'key'
      readonly accountId: string
      readonly publicKey: string
      /** The file of the private key; null if it came from a pipe or the environment. The key itself is not stored. */
      readonly privateKeyFile: string | null
      readonly handle: string | null
    }
  | { readonly method: 'guest'; readonly accountId: string }
  | {
      readonly method: 'email'
      readonly accountId: string
      readonly address: string
      /** The key in `emailKeys` for later logins; null if none could be linked. */
      readonly publicKey: string | null
    }
  /** With a password, which is not stored. */
  | {
      readonly method: 'password'
      readonly accountId: string
      /** The handle or address that was typed. */
      readonly login: string
    }
  | {
      readonly method: 'wallet'
      readonly accountId: string
      /** With its checksum (EIP-55). */
      readonly address: string
      /** The EIP-155 chain id. */
      readonly chainId: string
      /** The file of the wallet's key; null if it came from a pipe. The key itself is not stored. */
      readonly walletKeyFile: string | null
      readonly handle: string | null
    }
  /** At a development server without authentication. */
  | { readonly method: 'development'; readonly accountId: string; readonly address: string }

/** A key that was made at the first login by mail, for later logins without one. */
export interface EmailKey {
  /** In lower case. */
  readonly address: string
  readonly accountId: string
  readonly publicKey: string
  /** PKCS#8 PEM. It is stored only here. */
  readonly privateKey: string
  /** The account's last known handle. With it, an unlinked key is refused instead of opening a new account. */
  readonly handle: string | null
}

/** The key of this machine as a device of an account, which confirms a reset of the account's password. */
export interface DeviceKey {
  readonly accountId: string
  /** The addresses of the account when it was registered, in the server's spelling. */
  readonly addresses: readonly string[]
  readonly publicKey: string
  /** PKCS#8 PEM. It is stored only here. */
  readonly privateKey: string
}

/** The public key of a login; null for logins without a key. */
export const publicKeyOf = (login: Login | null): string | null =>
  login?.method === 'key' || login?.method === 'email' ? login.publicKey : null

/** The data of one server, which is never sent to another one. */
export interface ServerEntry {
  readonly login: Login | null
  readonly tokens: KeptTokens | null
  /** The guest's secret. Kept after a logout, because without it the account is lost. */
  readonly deviceSecret: string | null
  /** One per address that has signed in by mail; kept after a logout. */
  readonly emailKeys: readonly EmailKey[]
  /** At most one per account; kept after a logout, because that is when a password may be forgotten. */
  readonly deviceKeys: readonly DeviceKey[]
}

/** The whole file. */
export interface Config {
  readonly version: 1
  /** The server of the last login. */
  readonly url: string | null
  readonly servers: Readonly<Record<string, ServerEntry>>
}

/** The config if there is no file. */
export const emptyConfig: Config = { version: 1, url: null, servers: {} }

/** The data of the server at `url`. */
export const serverEntry = (config: Config, url: string): ServerEntry =>
  config.servers[url] ?? { login: null, tokens: null, deviceSecret: null, emailKeys: [], deviceKeys: [] }

/** The config with some of a server's fields replaced. */
export const withServerEntry = (config: Config, url: string, changes: Partial<ServerEntry>): Config => ({
  ...config,
  servers: { ...config.servers, [url]: { ...serverEntry(config, url), ...changes } },
})

/** The config is malformed. The message has the name of the wrong field, never its value. */
export class ConfigFormatError extends Error {}

/** The config in a file's text. Throws `ConfigFormatError`. */
export const parseConfig = (text: string): Config => {
  const fields = asObject(parseJson(text), 'it')
  if (fields['version'] !== 1) {
    throw new ConfigFormatError('its version is not 1; a newer idem may have written it')
  }
  const servers = Object.entries(asObject(fields['servers'] ?? {}, 'servers'))
  return {
    ...fields,
    version: 1,
    url: asText(fields['url'] ?? null, 'url'),
    servers: Object.fromEntries(servers.map(([url, entry]) => [url, parseEntry(entry, `servers["${url}"]`)])),
  }
}

const parseEntry = (value: unknown, where: string): ServerEntry => {
  const fields = asObject(value, where)
  const { login, tokens, deviceSecret, emailKeys = [], deviceKeys = [] } = fields
  if (!Array.isArray(emailKeys)) throw new ConfigFormatError(`${where}.emailKeys is not a list`)
  if (!Array.isArray(deviceKeys)) throw new ConfigFormatError(`${where}.deviceKeys is not a list`)
  return {
    ...fields,
    login: parseLogin(login ?? null, `${where}.login`),
    tokens: parseTokens(tokens ?? null, `${where}.tokens`),
    deviceSecret: asText(deviceSecret ?? null, `${where}.deviceSecret`),
    emailKeys: emailKeys.map((key, place) => parseEmailKey(key, `${where}.emailKeys[${place}]`)),
    deviceKeys: deviceKeys.map((key, place) => parseDeviceKey(key, `${where}.deviceKeys[${place}]`)),
  }
}

const parseLogin = (value: unknown, where: string): Login | null => {
  if (value === null) return null
  const fields = asObject(value, where)
  const text = (name: string): string => asRequiredText(fields[name], `${where}.${name}`)
  switch (fields['method']) {
    case 'key':
      return {
        ...fields,
        method: 'key',
        accountId: text('accountId'),
        publicKey: text('publicKey'),
        privateKeyFile: asText(fields['privateKeyFile'] ?? null, `${where}.privateKeyFile`),
        handle: asText(fields['handle'] ?? null, `${where}.handle`),
      }
    case 'guest':
      return { ...fields, method: 'guest', accountId: text('accountId') }
    case 'email':
      return {
        ...fields,
        method: 'email',
        accountId: text('accountId'),
        address: text('address'),
        publicKey: asText(fields['publicKey'] ?? null, `${where}.publicKey`),
      }
    case 'password':
      return { ...fields, method: 'password', accountId: text('accountId'), login: text('login') }
    case 'wallet':
      return {
        ...fields,
        method: 'wallet',
        accountId: text('accountId'),
        address: text('address'),
        chainId: text('chainId'),
        walletKeyFile: asText(fields['walletKeyFile'] ?? null, `${where}.walletKeyFile`),
        handle: asText(fields['handle'] ?? null, `${where}.handle`),
      }
    case 'development':
      return { ...fields, method: 'development', accountId: text('accountId'), address: text('address') }
    default:
      throw new ConfigFormatError(`${where}.method is not known to this version of idem`)
  }
}

const parseEmailKey = (value: unknown, where: string): EmailKey => {
  const fields = asObject(value, where)
  const text = (name: keyof EmailKey): string => asRequiredText(fields[name], `${where}.${name}`)
  return {
    ...fields,
    address: text('address'),
    accountId: text('accountId'),
    publicKey: text('publicKey'),
    privateKey: text('privateKey'),
    handle: asText(fields['handle'] ?? null, `${where}.handle`),
  }
}

const parseDeviceKey = (value: unknown, where: string): DeviceKey => {
  const fields = asObject(value, where)
  const text = (name: keyof DeviceKey): string => asRequiredText(fields[name], `${where}.${name}`)
  const { addresses } = fields
  if (!Array.isArray(addresses)) throw new ConfigFormatError(`${where}.addresses is not a list`)
  return {
    ...fields,
    accountId: text('accountId'),
    addresses: addresses.map((address, place) => asRequiredText(address, `${where}.addresses[${place}]`)),
    publicKey: text('publicKey'),
    privateKey: text('privateKey'),
  }
}

const parseTokens = (value: unknown, where: string): KeptTokens | null => {
  if (value === null) return null
  const fields = asObject(value, where)
  const text = (name: keyof KeptTokens): string => asRequiredText(fields[name], `${where}.${name}`)
  return {
    ...fields,
    accessToken: text('accessToken'),
    tokenType: text('tokenType'),
    accessTokenExpiresAt: text('accessTokenExpiresAt'),
    refreshToken: text('refreshToken'),
    refreshTokenExpiresAt: text('refreshTokenExpiresAt'),
    sessionExpiresAt: text('sessionExpiresAt'),
    issuedAt: text('issuedAt'),
    receivedAt: text('receivedAt'),
    refreshStartedAt: asText(fields['refreshStartedAt'] ?? null, `${where}.refreshStartedAt`),
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new ConfigFormatError('it is not JSON')
  }
}

const asObject = (value: unknown, where: string): Record<string, unknown> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new ConfigFormatError(`${where} is not an object`)
}

const asText = (value: unknown, where: string): string | null =>
  value === null ? null : asRequiredText(value, where)

const asRequiredText = (value: unknown, where: string): string => {
  if (typeof value === 'string') return value
  throw new ConfigFormatError(`${where} is not a string`)
}
