// The settings of the runtime.
import { parseNetworks } from '../config/networks.js'
import { oneOf, text } from '../config/setting.js'

/** Settings of the runtime room. */
export const runtimeSettings = {
  logLevel: oneOf('IDEM_LOG_LEVEL', 'Lowest level of log lines that are written', {
    default: 'info',
    allowed: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
  }),
  outboundNetworks: text(
    'IDEM_OUTBOUND_NETWORKS',
    'Comma list of addresses or networks that Idem may call beside the public internet',
    {
      defaultText: 'none in production; else 127.0.0.0/8, ::1',
      parse: (raw, { production }): readonly string[] =>
        raw === undefined && !production ? ['127.0.0.0/8', '::1'] : parseNetworks(raw),
    },
  ),
}
