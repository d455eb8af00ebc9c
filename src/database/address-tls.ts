// The encryption of connections, as libpq's sslmode means it.
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { wrongPart } from '../config/setting.js'
import type { AddressParts } from './address-parts.js'
import { errorCode } from './operating-system.js'

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const
type Mode = (typeof modes)[number]

/** The mode, `disable` without one, which is pg's default. `no-verify` is pg's own word for `require`. */
const modeOf = (parts: AddressParts): Mode => {
  const named = parts.get('sslmode')
  const mode = named === undefined ? jdbcMode(parts) : modes.find((word) => word === named)
  if (mode === undefined)
    throw wrongPart('parameter sslmode', `it must be one of ${modes.slice(0, -1).join(', ')}`)
  return mode
}

/** `ssl=true`, which libpq takes for `sslmode=require`, too. */
const jdbcMode = (parts: AddressParts): Mode => {
  const ssl = parts.get('ssl') ?? 'false'
  if (!/^(true|1|false|0)$/.test(ssl)) throw wrongPart('parameter ssl', 'it must be true or false')
  return /^(true|1)$/.test(ssl) ? 'require' : 'disable'
}

/** True for `prefer` and `allow`: encrypted if the server offers it. */
export const wantsTlsIfOffered = (parts: AddressParts): boolean => /^(prefer|allow)$/.test(modeOf(parts))

/**
 * The options of TLS for a host; false for connections without it. Reads the files of the certificates. Throws
 * `SettingProblem`.
 */
export const readTls = (parts: AddressParts, host: string): false | ConnectionOptions => {
  const mode = modeOf(parts)
  requireConsistent(parts, mode)
  const fromFiles = filesOf(parts)
  // libpq ignores the mode on a socket of the operating system.
  if (mode === 'disable' || host.startsWith('/')) return false
  // Without a host, Node would compare the certificate of a server that is called by its address with "localhost".
  const options = { ...fromFiles, host }
  if (mode === 'verify-full') return options
  const verifiesAuthority = mode === 'verify-ca' || (mode === 'require' && fromFiles.ca !== undefined)
  return verifiesAuthority
    ? { ...options, checkServerIdentity: () => undefined }
    : { ...options, rejectUnauthorized: false }
}

const requireConsistent = (parts: AddressParts, mode: Mode): void => {
  if (parts.has('sslcert') !== parts.has('sslkey'))
    throw wrongPart('parameter sslcert', 'sslcert and sslkey go together')
  if (mode === 'verify-ca' && !parts.has('sslrootcert'))
    throw wrongPart('parameter sslrootcert', 'sslmode=verify-ca needs it')
  if (parts.get('sslrootcert') === 'system' && mode !== 'verify-full')
    throw wrongPart('parameter sslrootcert', 'system goes with sslmode=verify-full alone')
  if (parts.get('sslnegotiation') === 'direct' && /^(disable|allow|prefer)$/.test(mode))
    throw wrongPart('parameter sslnegotiation', 'direct needs sslmode=require or a stricter one')
}

const filesOf = (parts: AddressParts): Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase'> => {
  const root = parts.get('sslrootcert')
  const passphrase = parts.get('sslpassword')
  return {
    // With `system`, and without a file, Node's own list of authorities.
    ...(root === undefined || root === 'system' ? {} : { ca: fileOf('sslrootcert', root) }),
    ...(parts.has('sslcert') ? { cert: fileOf('sslcert', parts.get('sslcert')) } : {}),
    ...(parts.has('sslkey') ? { key: fileOf('sslkey', parts.get('sslkey')) } : {}),
    ...(passphrase === undefined ? {} : { passphrase }),
  }
}

const fileOf = (name: string, path = ''): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw wrongPart(`parameter ${name}`, `the file cannot be read (${errorCode(error)})`)
  }
}
