// The settings of the runtime.
import { oneOf } from '../config/setting.js'

/** Settings of the runtime room. */
export const runtimeSettings = {
  logLevel: oneOf('IDEM_LOG_LEVEL', 'Lowest level of log lines that are written', {
    default: 'info',
    allowed: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
  }),
}
