// Warns of listed operators' handles that no account has: the account that picks one becomes an operator.
import type { Handles } from '../accounts/handles.js'
import type { Call } from '../database/call.js'
import type { Logger } from '../runtime/logger.js'
import type { OperatorList } from './operator.js'

/** What `warnOfFreeOperators` works with. */
export interface WarnOfFreeOperatorsNeeds {
  readonly handles: Handles
  readonly operators: OperatorList
  readonly logger: Logger
}

/** Logs one warning per listed handle that is free. */
export const warnOfFreeOperators = async (
  call: Call,
  { handles, operators, logger }: WarnOfFreeOperatorsNeeds,
): Promise<void> => {
  for (const handle of operators.handles)
    if ((await handles.findOwner(call, handle)) === null)
      logger.warn(
        { handle },
        'IDEM_OPERATORS lists a handle that nobody has: whoever takes it is an operator. Take it, or list an email address',
      )
}
