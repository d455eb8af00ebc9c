// A wallet in a browser's page (EIP-1193, announced by EIP-6963), whose key is in this process.
import type { Page } from 'playwright-core'
import type { PrivateKeyAccount } from 'viem/accounts'

/** A call of the page to its wallet. */
interface WalletCall {
  readonly method: string
  readonly params?: readonly string[]
}

/** What a wallet was asked to sign, in its order. */
export interface BrowserWallet {
  readonly signed: readonly string[]
  /** From now on it declines, as its owner does by a press on Cancel. */
  decline(): void
}

/** Puts a wallet into every document that the page opens from now on. */
export const injectWallet = async (
  page: Page,
  account: PrivateKeyAccount,
  chainId = 1,
): Promise<BrowserWallet> => {
  const signed: string[] = []
  let declines = false
  await page.exposeFunction('askTestWallet', async ({ method, params = [] }: WalletCall) => {
    if (method === 'eth_chainId') return { result: `0x${chainId.toString(16)}` }
    if (declines) return { error: { code: 4001, message: 'User rejected the request.' } }
    if (method === 'eth_requestAccounts') return { result: [account.address.toLowerCase()] }
    if (method !== 'personal_sign') return { error: { code: 4200, message: `no ${method}` } }
    const raw = params[0] as `0x${string}`
    signed.push(Buffer.from(raw.slice(2), 'hex').toString('utf8'))
    return { result: await account.signMessage({ message: { raw } }) }
  })
  await page.addInitScript(announceTestWallet)
  return {
    signed,
    decline: () => {
      declines = true
    },
  }
}

/** Runs in the page, as text: it can use nothing of this file. */
const announceTestWallet = `
  const provider = {
    request: async (call) => {
      const { result, error } = await window.askTestWallet(call)
      if (error) throw Object.assign(new Error(error.message), { code: error.code })
      return result
    },
  }
  const info = Object.freeze({
    uuid: '350670db-19fa-4704-a166-e52e178b59d2',
    name: 'Test Wallet',
    icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4"/></svg>',
    rdns: 'org.example.wallet',
  })
  const announce = () =>
    window.dispatchEvent(
      new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }),
    )
  window.addEventListener('eip6963:requestProvider', announce)
  announce()
`
