// The one error of the embedded PostgreSQL: what went wrong, what its log says, what to do next.
import { OperatorProblem } from '../failure.js'

/** What to do next where nothing better is known: the way out that always exists. */
export const useOwnServer = 'set DATABASE_URL to a PostgreSQL server of your own'

/** The embedded PostgreSQL cannot be made, started or stopped; the message is for the person who runs Idem. */
export class EmbeddedPostgresError extends OperatorProblem {
  override readonly name = 'EmbeddedPostgresError'
}
