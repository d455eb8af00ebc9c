// What an error of the file system means, in words.

const meanings: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'no permission'],
  ['EPERM', 'no permission'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the quota of the disk is used up'],
  ['EFBIG', 'files may not become so large here'],
  ['EIO', 'the disk has a fault'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of the path is no folder'],
  ['ENOENT', 'the folder does not exist'],
  ['ELOOP', 'its links lead in a circle'],
  ['ENAMETOOLONG', 'its name is too long'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
])

/** The meaning and the code, such as `the disk is full (ENOSPC)`. */
export const describeFileFault = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const meaning = meanings.get(code)
  if (meaning !== undefined) return `${meaning} (${code})`
  return code === '' ? 'no reason is known' : code
}
