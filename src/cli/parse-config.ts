// Reads the content of `config.json`. Fields that this version does not know are kept.
import type { KeptTokens } from '../client/tokens.js'
import {
  type Config,
  ConfigFormatError,
  type DeviceKey,
  type EmailKey,
  type Login,
  type ServerEntry,
} from './config.js'

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
