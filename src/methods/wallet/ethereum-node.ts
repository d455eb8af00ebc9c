// A node of one chain: answers `eth_call` by JSON-RPC.
import { LoggableError } from '../../failure.js'
import type { OutboundHttp } from '../../runtime/outbound-http.js'

/** The result of a call of a contract: what it returned, or that it reverted. */
export type CallResult = { readonly kind: 'returned'; readonly data: string } | { readonly kind: 'reverted' }

/** A node that gave no usable answer. The message holds nothing of the URL and of the answer. */
export class NodeError extends LoggableError {
  override readonly name = 'NodeError'
}

/** The longest answer, in bytes: what is asked for is 32 bytes; a node may explain a revert at length. */
const mostAnswerBytes = 65_536
/** A node answers in a second; the person whose wallet signed is waiting. */
const deadlineMilliseconds = 5_000

/** Codes by which nodes tell that the contract failed: EIP-1474 has none, geth says 3, Nethermind and others -32015. */
const revertCodes: ReadonlySet<unknown> = new Set([3, -32015])
/** The same by nodes that say it in words, with a code for all errors (-32000, -32603). */
const revertWords =
  /revert|EVM error|invalid (?:opcode|jump)|out of gas|gas required exceeds|stack (?:under|over)flow|precompile/i

/** One node. */
export class EthereumNode {
  constructor(
    private readonly outboundHttp: OutboundHttp,
    private readonly url: URL,
  ) {}

  /** The id of the node's chain. Throws `NodeError`, or `OutboundError`. */
  async chainId(): Promise<bigint> {
    const { result } = await this.#ask('eth_chainId', [])
    if (typeof result !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(result))
      throw new NodeError('The node names no chain.')
    return BigInt(result)
  }

  /** Runs code as of the newest block and changes nothing; without `to`, `data` is the code. Throws like `chainId`. */
  async call(transaction: { readonly to?: string; readonly data: string }): Promise<CallResult> {
    const { result, error } = await this.#ask('eth_call', [transaction, 'latest'])
    if (typeof result === 'string' && /^0x(?:[0-9a-f]{2})*$/i.test(result))
      return { kind: 'returned', data: result.toLowerCase() }
    const { code, message } = fieldsOf(error)
    if (revertCodes.has(code) || (typeof message === 'string' && revertWords.test(message)))
      return { kind: 'reverted' }
    throw new NodeError(
      `The node refuses the call (JSON-RPC error ${typeof code === 'number' ? code : 'without code'}).`,
    )
  }

  async #ask(method: string, params: readonly unknown[]): Promise<Readonly<Record<string, unknown>>> {
    const { status, body } = await this.outboundHttp.send({
      url: this.url,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      mediaType: 'application/json',
      mostBytes: mostAnswerBytes,
      whenLonger: 'refuse',
      deadlineMilliseconds,
    })
    // Some nodes send JSON-RPC errors with a status of their own.
    const answer = fieldsOf(parse(body))
    if (status !== 200 && answer['error'] === undefined)
      throw new NodeError(`The node answers HTTP ${status}.`)
    return answer
  }
}

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
