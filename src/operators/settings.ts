// The settings of operators.
import { text } from '../config/setting.js'
import { parseOperators } from './operator.js'

/** Settings of the operators room. */
export const operatorSettings = {
  list: text(
    'IDEM_OPERATORS',
    'Comma list of the operators of this installation: handles of accounts, or verified email addresses',
    { defaultText: 'none', parse: (raw) => parseOperators(raw) },
  ),
}
