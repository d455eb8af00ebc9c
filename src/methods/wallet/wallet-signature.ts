// Decides whether a signature over a text is that of a wallet: of its key, or one that its contract accepts.
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import { isAddressOf } from './address.js'
import type { CaipAccount } from './caip-account.js'
import type { ContractWallets } from './contract-wallets.js'
import { type KeyRecovery, loadKeyRecovery } from './key-recovery.js'
import { personalHash } from './personal-hash.js'
import { parseSignature, readKeySignature } from './signature.js'

/** A text, and what a caller submits as a wallet's signature over it (EIP-191). */
export interface SignedText {
  readonly text: string
  /** As 0x and hex. */
  readonly signature: string
}

const reject = (sentence: string, reason: string): Failure =>
  new Failure('PROOF_REJECTED', sentence, { reason })

/** Verifies signatures of wallets. */
export class WalletSignatures {
  /** Loaded once, when the first signature arrives. */
  #recovery: Promise<KeyRecovery> | null = null

  constructor(private readonly contractWallets: ContractWallets) {}

  /**
   * Returns if the wallet signed the text. Throws `PROOF_REJECTED`, which says what is wrong, if it did not, and what
   * `ContractWallets` throws.
   */
  async require(call: Call, wallet: CaipAccount, signed: SignedText): Promise<void> {
    const signature = parseSignature(signed.signature)
    const hash = personalHash(signed.text)
    if (await this.#isOfKey(wallet, hash, signature)) return
    const isAccepted = await this.contractWallets.accepts(call, wallet, { hash, signature })
    if (isAccepted === true) return
    const where = isAccepted === null ? ` Contract wallets on ${wallet.chain} are not configured here.` : ''
    throw reject(
      `This is not the signature of ${wallet.address} over the message.${where}`,
      isAccepted === null ? 'signature does not hold' : 'neither key nor contract accepts the signature',
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
