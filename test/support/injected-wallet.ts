// A wallet as a browser's extension injects it: EIP-1193, announced by EIP-6963, with its key in this process.
import type { BrowserContext } from 'playwright-core'
import { hexToString, type PrivateKeyAccount } from 'viem'

/** What the owner of the wallet does when it asks. */
export interface WalletOwnerActs {
  readonly account: PrivateKeyAccount
  /** False to press "Reject". */
  accepts: boolean
}

/** Injects it into all pages of a context. */
export const injectWallet = async (
  context: BrowserContext,
  name: string,
  owner: WalletOwnerActs,
): Promise<void> => {
  await context.exposeFunction(
    'askWallet',
    async (method: string, params: readonly string[] = []): Promise<unknown> => {
      if (method === 'eth_chainId') return '0x1'
      if (!owner.accepts) return null
      if (method === 'eth_requestAccounts') return [owner.account.address.toLowerCase()]
      if (method !== 'personal_sign') throw new Error(`this wallet knows no ${method}`)
      const [data = '0x'] = params
      return await owner.account.signMessage({ message: hexToString(data as `0x${string}`) })
    },
  )
  await context.addInitScript(`{
    const icon = 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="%23e2761b"/></svg>'
    const info = { uuid: '350670db-19fa-4704-a166-e52e178b59d2', name: ${JSON.stringify(name)}, icon, rdns: 'org.example.wallet' }
    const provider = {
      request: async ({ method, params }) => {
        const answer = await askWallet(method, params)
        if (answer === null) throw Object.assign(new Error('User rejected the request.'), { code: 4001 })
        return answer
      },
    }
    const announce = () =>
      dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }))
    addEventListener('eip6963:requestProvider', announce)
    announce()
  }`)
}
