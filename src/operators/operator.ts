// An operator: an account that the setting IDEM_OPERATORS names, by its handle or by an address that it has verified.
import { parseHandle } from '../accounts/handle.js'
import { commaList, SettingProblem } from '../config/setting.js'
import { Failure } from '../failure.js'
import { parseAddress } from '../mail/address.js'

/** Who is named, each in its one spelling. */
export interface OperatorList {
  readonly handles: ReadonlySet<string>
  readonly addresses: ReadonlySet<string>
}

const variable = 'IDEM_OPERATORS'

/** The operators of a comma list. Throws `SettingProblem` for an entry that is neither a handle nor an email address. */
export const parseOperators = (raw: string | undefined): OperatorList => {
  const [handles, addresses] = [new Set<string>(), new Set<string>()]
  for (const entry of commaList(raw)) {
    try {
      // No handle has an @.
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
