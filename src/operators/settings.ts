// The settings of operators.
import { text } from '../config/setting.js'
import { parseOperators } from './operator.js'

/** Settings of the operators room. */
export const operatorSettings = {
  list: text(
    'IDEM_OPERATORS',
    'Who runs this installation: handles that they have picked, or email addresses that they have verified; a comma list',
    { defaultText: 'none', parse: (raw) => parseOperators(raw) },
  ),
}
