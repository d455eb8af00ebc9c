// A real Ethereum chain on this machine, by the node `anvil`, with contract wallets on it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import {
  type Abi,
  type Address,
  createTestClient,
  encodeFunctionData,
  getAddress,
  type Hex,
  http,
  publicActions,
  walletActions,
} from 'viem'
import { freePort } from './start-service.js'

const requireHere = createRequire(import.meta.url)

/** Anvil's program in the package for this machine; null if there is none. */
export const findAnvil = (): string | null => {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  try {
    const manifest = requireHere.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/package.json`)
    const program = path.join(
      path.dirname(manifest),
      'bin',
      process.platform === 'win32' ? 'anvil.exe' : 'anvil',
    )
    return existsSync(program) ? program : null
  } catch {
    return null
  }
}

interface Compiled {
  readonly abi: Abi
  readonly bytecode: Hex
}

/** Compiled from `contract-wallets.sol`. */
const contracts = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'contract-wallets/contract-wallets.json'), 'utf8'),
) as Record<'OwnedWallet' | 'WalletFactory' | 'OddWallet', Compiled>

const clientOf = (url: string) =>
  createTestClient({ mode: 'anvil', transport: http(url) })
    .extend(publicActions)
    .extend(walletActions)

/** A running chain. */
export class LocalChain {
  readonly client: ReturnType<typeof clientOf>

  private constructor(
    readonly url: string,
    readonly chainId: number,
    private readonly child: ChildProcess,
  ) {
    this.client = clientOf(url)
  }

  /** Starts a node with a chain of its own. */
  static async start(program: string, chainId = 31_337): Promise<LocalChain> {
    const port = await freePort()
    const child = spawn(program, ['--port', String(port), '--chain-id', String(chainId), '--accounts', '1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const chunk of child.stdout) if (String(chunk).includes('Listening on')) break
    return new LocalChain(`http://127.0.0.1:${port}`, chainId, child)
  }

  /** Deploys a contract and returns its address. */
  async deploy(name: keyof typeof contracts, args: readonly unknown[] = []): Promise<Address> {
    const [account] = await this.client.getAddresses()
    if (account === undefined) throw new Error('anvil has no account')
    const hash = await this.client.deployContract({ ...contracts[name], args, account, chain: null })
    const { contractAddress } = await this.client.waitForTransactionReceipt({ hash })
    if (contractAddress == null) throw new Error('nothing was deployed')
    return getAddress(contractAddress)
  }

  /** The address at which a factory would deploy the wallet of an owner. */
  async addressOf(factory: Address, owner: Address): Promise<Address> {
    const { abi } = contracts.WalletFactory
    return (await this.client.readContract({
      address: factory,
      abi,
      functionName: 'addressOf',
      args: [owner],
    })) as Address
  }

  /** The call by which a factory deploys the wallet of an owner. */
  deploymentOf(owner: Address): Hex {
    return encodeFunctionData({ abi: contracts.WalletFactory.abi, functionName: 'deploy', args: [owner] })
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return
    const exited = once(this.child, 'exit')
    this.child.kill()
    await exited
  }
}
