// What an operator can do about a data folder that cannot be used.
import { OperatorProblem, type ProblemKind } from '../failure.js'
import { useOwnServer } from './embedded-postgres-error.js'
import { errorCode } from './operating-system.js'

interface Cause {
  readonly kind: ProblemKind
  /** Completes "the data folder … cannot be used:". */
  readonly what: string
  readonly remedy: string
}

const elsewhere = `set IDEM_DATA_DIR to another folder, or ${useOwnServer}`

const full: Cause = {
  kind: 'storage',
  what: 'no space is left on its disk',
  remedy: `make room there, ${elsewhere}`,
}
const quota: Cause = { ...full, what: 'the quota or the limit of a file’s size is used up' }
const readOnly: Cause = { kind: 'storage', what: 'its disk is read-only', remedy: elsewhere }
const forbidden: Cause = {
  kind: 'right',
  what: 'this user may not write there',
  remedy: `give the user the folder (chown), ${elsewhere}`,
}
const noFolder: Cause = {
  kind: 'storage',
  what: 'a part of its path is no folder, or cannot be made',
  remedy: elsewhere,
}
const broken: Cause = {
  kind: 'storage',
  what: 'its disk reports errors',
  remedy: `see the system's log, ${elsewhere}`,
}

/** By Node's codes and SQLSTATE. */
const causes: Readonly<Record<string, Cause>> = {
  ENOSPC: full,
  // PostgreSQL's disk_full.
  '53100': full,
  EDQUOT: quota,
  EFBIG: quota,
  EROFS: readOnly,
  EACCES: forbidden,
  EPERM: forbidden,
  ENOTDIR: noFolder,
  EEXIST: noFolder,
  ENOENT: noFolder,
  ELOOP: noFolder,
  ENAMETOOLONG: noFolder,
  EISDIR: noFolder,
  EIO: broken,
}

/** What PostgreSQL's programs say of the same, with LC_ALL=C. */
const causesOfOutput: readonly (readonly [RegExp, Cause])[] = [
  [/No space left on device/, full],
  [/Disk quota exceeded|File too large/, quota],
  [/Read-only file system/, readOnly],
  [/Permission denied|Operation not permitted/, forbidden],
  [/Input\/output error/, broken],
]

const problemOf = (folder: string, { kind, what, remedy }: Cause, cause?: unknown): OperatorProblem =>
  new OperatorProblem(`The data folder ${folder} cannot be used: ${what}; ${remedy}.`, { kind, cause })

/** The problem behind a system error in the data folder; null if it is none that an operator can solve. */
export const folderProblemOf = (error: unknown, folder: string): OperatorProblem | null => {
  if (error instanceof OperatorProblem) return error
  const cause = causes[errorCode(error) ?? '']
  return cause === undefined ? null : problemOf(folder, cause, error)
}

/** The problem that the output of PostgreSQL's programs tells of; null if it tells of another. */
export const folderProblemIn = (output: string, folder: string): OperatorProblem | null => {
  const cause = causesOfOutput.find(([form]) => form.test(output))?.[1]
  return cause === undefined ? null : problemOf(folder, cause)
}
