// The config of a user without a home folder who names no file.

import { CliError } from './cli-error.js'
import type { ConfigFile } from './config-file.js'

/** Everything about it throws `CONFIG_NOWHERE`, so that commands that need no config work. */
export const configNowhere: ConfigFile = {
  get path(): string {
    throw nowhere()
  },
  read: () => Promise.reject(nowhere()),
  update: () => Promise.reject(nowhere()),
  check: () => Promise.reject(nowhere()),
}

const nowhere = (): CliError =>
  new CliError(
    'CONFIG_NOWHERE',
    'There is no place for the config file: no home folder is known.',
    'Set HOME to an absolute path, or name a file with --config or IDEM_CONFIG.',
  )
