// The error class of the embedded PostgreSQL: the problem, the end of its log, and what to do next.
import { OperatorProblem, type ProblemKind } from '../failure.js'

/** The default advice, which always works. */
export const useOwnServer = 'set DATABASE_URL to a PostgreSQL server of your own'

/** The embedded PostgreSQL cannot be made, started or stopped; the message is for the operator. */
export class EmbeddedPostgresError extends OperatorProblem {
  override readonly name = 'EmbeddedPostgresError'

  constructor(sentence: string, { kind = 'storage', cause }: { kind?: ProblemKind; cause?: unknown } = {}) {
    super(sentence, { kind, cause })
  }
}
