// Ethereum wallets of a browser: found by EIP-6963, asked by EIP-1193.

import { IdemError } from './idem-error.js'

/** A wallet that can sign: one of a browser, or a key of a program. */
export interface WalletSigner {
  /** 0x and 40 hex digits. */
  readonly address: string
  /** The EIP-155 chain id, such as `1`. */
  readonly chainId: string
  /** The signature over a text by `personal_sign` (EIP-191), as 0x and hex. */
  sign(message: string): Promise<string>
}

/** The interface that a wallet gives to pages (EIP-1193). */
export interface EthereumProvider {
  request(call: { readonly method: string; readonly params?: readonly unknown[] }): Promise<unknown>
}

/** A wallet that announced itself to the page (EIP-6963). Its words and its picture are its own, not to be trusted. */
export interface AnnouncedWallet {
  /** Unique in this page. */
  readonly uuid: string
  readonly name: string
  /** A picture as a data URI, for the `src` of an `<img>` alone, in which no script runs; null if it is no such URI. */
  readonly icon: string | null
  /** Its reverse domain name, such as `io.metamask`. */
  readonly rdns: string
  readonly provider: EthereumProvider
}

/** Longest name of a wallet that is shown, in characters. */
const longestName = 60
/** Most wallets in the list. */
const mostWallets = 50

/**
 * Asks all wallets of the page to announce themselves, and calls `onChange` with the list each time one does. They do so
 * at once, or when they are loaded. Returns a function that stops listening. `page` is `window`.
 */
export const discoverWallets = (
  page: EventTarget,
  onChange: (wallets: readonly AnnouncedWallet[]) => void,
): (() => void) => {
  const wallets = new Map<string, AnnouncedWallet>()
  const onAnnouncement = (event: Event): void => {
    const wallet = readAnnouncement(event)
    // The first to use an id keeps it, so that no other can take the place of a wallet that is shown.
    if (wallet === null || wallets.has(wallet.uuid) || wallets.size >= mostWallets) return
    wallets.set(wallet.uuid, wallet)
    onChange([...wallets.values()])
  }
  page.addEventListener('eip6963:announceProvider', onAnnouncement)
  page.dispatchEvent(new Event('eip6963:requestProvider'))
  return () => page.removeEventListener('eip6963:announceProvider', onAnnouncement)
}

/** The wallet of an announcement; null if it has not the form of one. */
const readAnnouncement = (event: Event): AnnouncedWallet | null => {
  const { detail } = event as Event & { readonly detail?: unknown }
  const { info, provider } = fieldsOf(detail)
  const { uuid, name, icon, rdns } = fieldsOf(info)
  if (typeof uuid !== 'string' || typeof name !== 'string' || !isProvider(provider)) return null
  return {
    uuid,
    name: name.slice(0, longestName),
    icon: typeof icon === 'string' && icon.startsWith('data:image/') ? icon : null,
    rdns: typeof rdns === 'string' ? rdns.slice(0, longestName) : '',
    provider,
  }
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const isProvider = (value: unknown): value is EthereumProvider =>
  typeof fieldsOf(value)['request'] === 'function'

/**
 * Asks a wallet which account and chain to use; it asks its owner. Throws `WALLET_REFUSED` if it gives none, or later no
 * signature.
 */
export const connectWallet = async (provider: EthereumProvider): Promise<WalletSigner> => {
  const accounts = await ask(provider, 'eth_requestAccounts')
  const address: unknown = Array.isArray(accounts) ? accounts[0] : null
  const chain = await ask(provider, 'eth_chainId')
  if (typeof address !== 'string' || typeof chain !== 'string' || !/^0x[0-9a-f]+$/i.test(chain))
    throw new IdemError('WALLET_REFUSED', 'The wallet gave no account.')
  return {
    address,
    chainId: String(BigInt(chain)),
    sign: async (message) => {
      const signature = await ask(provider, 'personal_sign', [hexOf(message), address])
      if (typeof signature !== 'string')
        throw new IdemError('WALLET_REFUSED', 'The wallet gave no signature.')
      return signature
    },
  }
}

/** The UTF-8 bytes of a text, as 0x and hex, so that no wallet mistakes it for hex itself. */
const hexOf = (text: string): string =>
  `0x${[...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`

/** Codes of EIP-1193, and that of a wallet whose window is still open, in words. */
const sentenceOf: Readonly<Record<string, string>> = {
  4001: 'The wallet was told not to.',
  4100: 'The wallet does not let this page use the account.',
  4900: 'The wallet is not connected.',
  '-32002': 'The wallet is still asking: open its window.',
}

const ask = async (
  provider: EthereumProvider,
  method: string,
  params: readonly unknown[] = [],
): Promise<unknown> => {
  try {
    return await provider.request({ method, params })
  } catch (cause) {
    const code = String(fieldsOf(cause)['code'])
    throw new IdemError('WALLET_REFUSED', sentenceOf[code] ?? 'The wallet failed.', {}, { cause })
  }
}
