// Replaces a file atomically; the file is readable only by its owner.

import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/**
 * Writes a temporary file beside it, flushes it and renames it, so that after a crash the file has the old or the new
 * content. Only for one writer at a time: the caller holds the lock of `file`.
 */
export const writeFileAtomically = async (file: string, text: string): Promise<void> => {
  const beside = `${file}.new`
  await rm(beside, { force: true }) // left by a process that was killed while it wrote
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

/** Flushes the folder, so that the renaming is durable too. Windows cannot open folders. */
const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
