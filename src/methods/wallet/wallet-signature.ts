// Decides whether a signature over a text is that of a wallet.
import { Failure } from '../../failure.js'
import { isAddressOf } from './address.js'
import type { CaipAccount } from './caip-account.js'
import { type KeyRecovery, loadKeyRecovery } from './key-recovery.js'
import { personalHash } from './personal-hash.js'
import { parseSignature, readKeySignature } from './signature.js'

const reject = (sentence: string, reason: string): Failure =>
  new Failure('PROOF_REJECTED', sentence, { reason })

/** Verifies signatures of wallets. */
export class WalletSignatures {
  /** Loaded once, when the first signature arrives. */
  #recovery: Promise<KeyRecovery> | null = null

  /** Returns if the wallet signed the text (EIP-191). Throws `PROOF_REJECTED`, which says what is wrong, if it did not. */
  async require(wallet: CaipAccount, text: string, signature: string): Promise<void> {
    const bytes = parseSignature(signature)
    const hash = personalHash(text)
    if (await this.#isOfKey(wallet, hash, bytes)) return
    throw reject(
      `This is not the signature of ${wallet.address} over the message. Contract wallets on ${wallet.chain} are not configured here.`,
      'signature does not hold',
    )
  }

  /** True if the wallet's own key signed the hash. Throws `PROOF_REJECTED` if it did so with a high s. */
  async #isOfKey({ address }: CaipAccount, hash: Uint8Array, bytes: Uint8Array): Promise<boolean> {
    const signature = readKeySignature(bytes)
    if (signature === null) return false
    this.#recovery ??= loadKeyRecovery()
    const publicKey = (await this.#recovery).recover(hash, signature)
    if (publicKey === null || !isAddressOf(address, publicKey)) return false
    if (!signature.hasLowS)
      throw reject('This signature has a high s (EIP-2). Wallets sign with a low one.', 'high s')
    return true
  }
}
