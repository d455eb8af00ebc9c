// Contract wallets: asks the nodes that are configured, within limits.
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import { OutboundError } from '../../runtime/outbound-call.js'
import type { OutboundHttp } from '../../runtime/outbound-http.js'
import type { Throttle } from '../../throttle/throttle.js'
import { type CaipAccount, caipAccountOf } from './caip-account.js'
import type { Chain } from './chain.js'
import { type ContractQuestion, isAcceptedByContract } from './contract-wallet.js'
import { EthereumNode, NodeError } from './ethereum-node.js'
import type { ChainUrls } from './settings.js'

/** What the checks work with. */
export interface ContractWalletsNeeds {
  readonly walletRpc: ChainUrls
  readonly outboundHttp: OutboundHttp
  readonly throttle: Throttle
}

/**
 * Questions of this process to one node at once, so that a slow one holds up no other chain. A question takes about
 * 0.2 s, and at most 10 s.
 */
const mostAtOnce = 32
/** The time after which a client should try again if a node does not answer, in seconds. */
const retrySeconds = 5

/** A node, whose chain is known to be the right one once it has said so, and the number of questions under way. */
interface Node {
  readonly node: EthereumNode
  isOfChain: boolean
  running: number
}

/** The nodes of the configured chains. */
export class ContractWallets {
  readonly #nodes: ReadonlyMap<Chain, Node>

  constructor(private readonly needs: ContractWalletsNeeds) {
    this.#nodes = new Map(
      [...needs.walletRpc].map(([chain, url]) => [
        chain,
        { node: new EthereumNode(needs.outboundHttp, url), isOfChain: false, running: 0 },
      ]),
    )
  }

  /**
   * Whether the wallet accepts the signature; null if its chain has no node. Throws `RATE_LIMITED` before a node is asked
   * too often, and `UNAVAILABLE` if it gives no answer or too many questions are under way.
   */
  async accepts(
    call: Call,
    wallet: CaipAccount,
    signed: Pick<ContractQuestion, 'hash' | 'signature'>,
  ): Promise<boolean | null> {
    const known = this.#nodes.get(wallet.chain)
    if (known === undefined) return null
    await this.needs.throttle.count(call, 'askContract', caipAccountOf(wallet))
    if (known.running >= mostAtOnce) throw unavailable(wallet.chain, 1, 'too many questions are under way')
    known.running += 1
    try {
      await requireChain(known, wallet.chain)
      return await isAcceptedByContract(known.node, { address: wallet.address, ...signed })
    } catch (error) {
      if (!(error instanceof OutboundError || error instanceof NodeError)) throw error
      throw unavailable(wallet.chain, retrySeconds, error.message, error)
    } finally {
      known.running -= 1
    }
  }
}

/** Asks once: on another chain the same address may be a contract of somebody else. */
const requireChain = async (known: Node, chain: Chain): Promise<void> => {
  if (known.isOfChain) return
  const id = await known.node.chainId()
  if (chain !== `eip155:${id}`) throw new NodeError(`The node is one of the chain eip155:${id}.`)
  known.isOfChain = true
}

const unavailable = (chain: Chain, retryAfterSeconds: number, why: string, cause?: unknown): Failure =>
  new Failure('UNAVAILABLE', `Contract wallets on ${chain} cannot be checked just now. Try again shortly.`, {
    retryAfterSeconds,
    reason: `node of ${chain} (IDEM_WALLET_RPC): ${why}`,
    cause,
  })
