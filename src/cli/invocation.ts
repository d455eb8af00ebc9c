// One run of one command: what it was given, and the server that it speaks to.

import path from 'node:path'
import type { Command } from 'commander'
import { httpTransport, type Transport } from '../client/transport.js'
import { type ServerEntry, serverEntry } from './config.js'
import { type ConfigFile, configFile } from './config-file.js'
import { type Machine, wantsJson } from './machine.js'
import { jsonOutput, type Output, textOutput } from './output.js'
import { defaultServerUrl, isUnprotected, parseServerUrl } from './server-url.js'

/** What every command has. */
export interface Invocation {
  readonly machine: Machine
  readonly output: Output
  readonly config: ConfigFile
  /** `--url`, not yet checked. */
  readonly urlOption: string | null
}

/** What a command has that speaks to a server. */
export interface Connection extends Invocation {
  readonly url: string
  /** Bare, without a bearer. */
  readonly transport: Transport
  /** What the config kept for this server when the command began. */
  readonly kept: ServerEntry
}

/** The options that every command takes. */
interface SharedOptions {
  readonly url?: string
  readonly config?: string
  readonly json?: boolean
}

/** The run of `command`, from its options, the environment and the defaults, in this order. */
export const openInvocation = (machine: Machine, command: Command): Invocation => {
  const { url, config, json } = command.optsWithGlobals<SharedOptions>()
  const { IDEM_CONFIG: fromEnvironment } = machine.environment
  const file = config ?? (fromEnvironment || path.join(machine.configFolder, 'config.json'))
  return {
    machine,
    output: json === true ? jsonOutput(machine) : textOutput(machine),
    config: configFile(path.resolve(file)),
    urlOption: url ?? null,
  }
}

/** Adds the server: `--url`, `IDEM_URL`, the server of the last login, or the default. */
export const connect = async (invocation: Invocation): Promise<Connection> => {
  const { machine, output } = invocation
  const config = await invocation.config.read()
  const url = chooseUrl(invocation, config.url)
  if (isUnprotected(url)) output.warn(`${url} is not encrypted: whoever is in between can read the tokens.`)
  const headers = { 'user-agent': deviceName(machine) }
  return { ...invocation, url, transport: httpTransport({ url, headers }), kept: serverEntry(config, url) }
}

/** What the list of sessions shows for this machine. Header-safe. */
export const deviceName = ({ hostname }: Machine): string =>
  `idem-cli (${hostname.replace(/[^\x21-\x7e]/g, '?')})`

const chooseUrl = ({ machine, urlOption, config }: Invocation, keptUrl: string | null): string => {
  if (urlOption !== null) return parseServerUrl(urlOption, '--url')
  const { IDEM_URL: fromEnvironment } = machine.environment
  if (fromEnvironment) return parseServerUrl(fromEnvironment, 'IDEM_URL')
  return keptUrl === null ? defaultServerUrl : parseServerUrl(keptUrl, `"url" in ${config.path}`)
}

/** Whether a person sits before it, who can be asked. */
export const isInteractive = ({ machine }: Invocation): boolean =>
  machine.stdin.isTTY === true && !wantsJson(machine)
