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
