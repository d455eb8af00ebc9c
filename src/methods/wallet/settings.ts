// The settings of wallets.
import { isLoopback } from '../../config/loopback.js'
import { loginOf } from '../../config/server-url.js'
import { commaList, SettingProblem, text } from '../../config/setting.js'
import { type Chain, readChain } from './chain.js'

/** The URL of the node that answers for each chain. */
export type ChainUrls = ReadonlyMap<Chain, URL>

/** One entry. A problem names its place and never its value, in which there may be an API key. */
const parseEntry = (entry: string, place: string): readonly [Chain, URL] => {
  const [name = '', ...rest] = entry.split('=')
  const chain = readChain(name.trim())
  if (chain === null)
    throw new SettingProblem(`must be a list such as eip155:1=https://…, eip155:137=https://…; see ${place}`)
  const raw = rest.join('=').trim()
  const url = URL.canParse(raw) ? new URL(raw) : null
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && isLoopback(url.hostname)))
    throw new SettingProblem(
      `must give ${chain} an https URL (a comma in it is written %2C), or http on this machine; see ${place}`,
    )
  // Throws for a login that does not decode.
  loginOf(url)
  if (url.hash !== '') throw new SettingProblem(`must give ${chain} a URL without #; see ${place}`)
  return [chain, url]
}

/** Settings of the method `wallet`. */
export const walletSettings = {
  rpc: text(
    'IDEM_WALLET_RPC',
    'Comma list of chains with the JSON-RPC URL of an Ethereum node, for contract wallets: `eip155:1=https://…,137=https://…`',
    {
      defaultText: 'none: contract wallets are refused',
      secret: true,
      parse: (raw): ChainUrls => {
        const urls = new Map<Chain, URL>()
        for (const [index, entry] of commaList(raw).entries()) {
          const [chain, url] = parseEntry(entry, `entry ${index + 1}`)
          if (urls.has(chain)) throw new SettingProblem(`must name ${chain} once; see entry ${index + 1}`)
          urls.set(chain, url)
        }
        return urls
      },
    },
  ),
}
