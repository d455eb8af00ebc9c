// What an operator can do about an address that cannot be listened on.
import { OperatorProblem, type ProblemKind } from '../failure.js'

/** Where the service is to listen. */
interface Place {
  readonly host: string
  readonly port: number
}

interface Cause {
  readonly kind: ProblemKind
  readonly sentence: (place: Place) => string
}

const unknownName: Cause = {
  kind: 'host-unknown',
  sentence: ({ host }) =>
    `IDEM_HOST names ${host}, which no name server knows: set it to an address of this machine, such as 127.0.0.1 or 0.0.0.0.`,
}
const foreignAddress: Cause = {
  kind: 'address',
  sentence: ({ host }) =>
    `IDEM_HOST names ${host}, which is no address of this machine: set it to one, such as 127.0.0.1 or 0.0.0.0.`,
}
const privileged: Cause = {
  kind: 'right',
  sentence: ({ port }) =>
    `This user may not listen on port ${port}: set IDEM_PORT to 1024 or more, and let a proxy listen on ${port}.`,
}

/** By Node's codes. */
const causes: Readonly<Record<string, Cause>> = {
  EADDRINUSE: {
    kind: 'address',
    sentence: ({ host, port }) =>
      `Another program listens on ${host}:${port} already: stop it, or set IDEM_PORT to another port.`,
  },
  EACCES: privileged,
  EPERM: privileged,
  EADDRNOTAVAIL: foreignAddress,
  EAFNOSUPPORT: foreignAddress,
  EINVAL: foreignAddress,
  ENOTFOUND: unknownName,
  EAI_AGAIN: unknownName,
}

/** The problem behind an error of `listen`; null if it is none that an operator can solve. */
export const listenProblemOf = (error: unknown, place: Place): OperatorProblem | null => {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  const cause = typeof code === 'string' ? causes[code] : undefined
  return cause === undefined
    ? null
    : new OperatorProblem(cause.sentence(place), { kind: cause.kind, cause: error })
}
