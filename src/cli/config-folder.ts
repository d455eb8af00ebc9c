// The config folder of `idem` by the customs of the platform, from what may be missing or wrong.

import path from 'node:path'

/** What the folder follows from. */
export interface Whereabouts {
  readonly platform: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The user's home folder; null if the system knows none. */
  readonly home: string | null
}

/**
 * The folder; null if no home folder is known. A relative XDG_CONFIG_HOME is ignored, as the XDG Base Directory
 * Specification demands; so are a relative home and a relative APPDATA, because a config with secrets would lie in
 * whatever folder a command runs in.
 */
export const configFolder = ({ platform, environment, home }: Whereabouts): string | null => {
  const { isAbsolute, join } = platform === 'win32' ? path.win32 : path.posix
  const absolute = (folder: string | null | undefined): string | null =>
    folder && isAbsolute(folder) ? folder : null
  const below = (folder: string | null, ...names: readonly string[]): string | null =>
    folder === null ? null : join(folder, ...names)
  const ownHome = absolute(home)
  if (platform === 'darwin') return below(ownHome, 'Library', 'Preferences', 'idem')
  if (platform === 'win32')
    return below(absolute(environment['APPDATA']) ?? below(ownHome, 'AppData', 'Roaming'), 'idem', 'Config')
  return below(absolute(environment['XDG_CONFIG_HOME']) ?? below(ownHome, '.config'), 'idem')
}
