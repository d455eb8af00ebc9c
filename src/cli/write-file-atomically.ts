// Replaces a file's whole content or nothing of it, readable by its owner alone.

import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/**
 * Writes beside the file, brings it to the disk, then renames it into place, so that a crash leaves the old
 * content or the new. For one writer at a time: the caller holds the lock of `file`.
 */
export const writeFileAtomically = async (file: string, text: string): Promise<void> => {
  const beside = `${file}.${process.pid}.new`
  await rm(beside, { force: true }) // left by a killed process that had the same id
  try {
    const handle = await open(beside, 'wx', 0o600)
    await writeThrough(handle, text)
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncFolder(path.dirname(file))
}

const writeThrough = async (handle: FileHandle, text: string): Promise<void> => {
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes the renaming itself durable, where the platform can open a folder at all (not Windows). */
const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
