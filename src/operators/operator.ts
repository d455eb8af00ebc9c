// An operator: an account whose handle, or verified address, is listed in the setting IDEM_OPERATORS.
import { parseHandle } from '../accounts/handle.js'
import { commaList, SettingProblem } from '../config/setting.js'
import { Failure } from '../failure.js'
import { parseAddress } from '../mail/address.js'

/** The listed handles and addresses in canonical form. */
export interface OperatorList {
  readonly handles: ReadonlySet<string>
  readonly addresses: ReadonlySet<string>
}

const variable = 'IDEM_OPERATORS'

/**
 * The operators of a comma list. Throws `SettingProblem` for an entry that is neither a handle nor an email address.
 */
export const parseOperators = (raw: string | undefined): OperatorList => {
  const [handles, addresses] = [new Set<string>(), new Set<string>()]
  for (const entry of commaList(raw)) {
    try {
      // Handles contain no @.
      if (entry.includes('@')) addresses.add(parseAddress(entry, variable))
      else handles.add(parseHandle(entry, variable))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      throw new SettingProblem(
        `must list handles or email addresses, and "${entry}" is neither: ${error.message}`,
      )
    }
  }
  return { handles, addresses }
}
