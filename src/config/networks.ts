// A comma list of addresses and networks.
import { isIP } from 'node:net'
import { commaList, SettingProblem } from './setting.js'

/** An address, or a network of at least one bit. Legacy short forms are refused, because `10` would mean 0.0.0.10. */
const isNetwork = (entry: string): boolean => {
  const [address = '', length, ...rest] = entry.split('/')
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  if (bits === 0 || rest.length > 0) return false
  return length === undefined || (/^[1-9]\d{0,2}$/.test(length) && Number(length) <= bits)
}

/** The entries of the list. Throws `SettingProblem` that names those that are neither. */
export const parseNetworks = (raw: string | undefined): readonly string[] => {
  const entries = commaList(raw)
  const wrong = entries.filter((entry) => !isNetwork(entry))
  if (wrong.length > 0)
    throw new SettingProblem(`must list addresses or networks such as 10.0.0.0/8, not "${wrong.join(', ')}"`)
  return entries
}
