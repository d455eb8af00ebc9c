// One run of a command: its options, and the server that it calls.

import path from 'node:path'
import type { Command } from 'commander'
import { httpTransport, type Transport } from '../client/transport.js'
import { absolutePath } from './absolute-path.js'
import { chooseFetch } from './choose-fetch.js'
import { type ServerEntry, serverEntry } from './config.js'
import { type ConfigFile, configFile } from './config-file.js'
import { configNowhere } from './config-nowhere.js'
import type { Machine } from './machine.js'
import { jsonOutput, type Output, textOutput } from './output.js'
import { Prompter } from './prompter.js'
import { defaultServerUrl, isUnprotected, parseServerUrl } from './server-url.js'

/** What every command gets. */
export interface Invocation {
  readonly machine: Machine
  readonly output: Output
  readonly config: ConfigFile
  readonly prompter: Prompter
  /** The value of `--url`, not yet checked. */
  readonly urlOption: string | null
}

/** What a command that calls a server gets. */
export interface Connection extends Invocation {
  readonly url: string
  /** Without a bearer. */
  readonly transport: Transport
  /** The config of this server at the start of the command. */
  readonly kept: ServerEntry
}

/** The options of every command. */
interface SharedOptions {
  readonly url?: string
  readonly config?: string
  readonly json?: boolean
}

/** The run of `command`; options take precedence over the environment, and both over defaults. */
export const openInvocation = (machine: Machine, command: Command): Invocation => {
  const { url, config, json } = command.optsWithGlobals<SharedOptions>()
  const { IDEM_CONFIG: fromEnvironment } = machine.environment
  const given = config ?? (fromEnvironment || null)
  const output = json === true ? jsonOutput(machine) : textOutput(machine)
  return {
    machine,
    output,
    prompter: new Prompter(machine, output),
    config: given === null ? usualConfig(machine) : configFile(absolutePath(given)),
    urlOption: url ?? null,
  }
}

const usualConfig = ({ configFolder }: Machine): ConfigFile =>
  configFolder === null ? configNowhere : configFile(path.join(configFolder, 'config.json'))

/** Adds the server: `--url`, `IDEM_URL`, the server of the last login, or the default. */
export const connect = async (invocation: Invocation): Promise<Connection> => {
  const { machine, output } = invocation
  const config = await invocation.config.read()
  const url = chooseUrl(invocation, config.url)
  if (isUnprotected(url)) output.warn(`${url} is not encrypted: whoever is in between can read the tokens.`)
  const headers = { 'user-agent': deviceName(machine) }
  const transport = httpTransport({ url, headers, fetch: await chooseFetch(url, machine.environment) })
  return { ...invocation, url, transport, kept: serverEntry(config, url) }
}

/** The name of this machine in the list of sessions, safe for a header. */
export const deviceName = ({ hostname }: Machine): string =>
  `idem-cli (${hostname.replace(/[^\x21-\x7e]/g, '?')})`

const chooseUrl = ({ machine, urlOption, config }: Invocation, keptUrl: string | null): string => {
  if (urlOption !== null) return parseServerUrl(urlOption, '--url')
  const { IDEM_URL: fromEnvironment } = machine.environment
  if (fromEnvironment) return parseServerUrl(fromEnvironment, 'IDEM_URL')
  return keptUrl === null ? defaultServerUrl : parseServerUrl(keptUrl, `"url" in ${config.path}`)
}
