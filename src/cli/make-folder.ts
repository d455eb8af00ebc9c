// Makes a folder for secrets.

import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'

/**
 * Makes the folder and those above it, accessible only to their owner. Not by `mkdir` with `recursive`, which never ends
 * below a folder such as /proc, where nothing can be made and the error says that the folder above is missing.
 */
export const makeFolder = async (folder: string): Promise<void> => {
  if (await isFolder(folder)) return
  const above = path.dirname(folder)
  if (above !== folder) await makeFolder(above)
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    const wasMadeMeanwhile = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    if (!wasMadeMeanwhile) throw error
  }
}

const isFolder = (name: string): Promise<boolean> =>
  stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  )
