// IDEM_WALLET_RPC: which lists are taken, and that no problem tells a URL, in which there may be an API key.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { walletSettings } from '../../../src/methods/wallet/settings.js'

const nodesIn = (environment: Record<string, string>): [string, string][] =>
  [...readEnvironment({ wallets: walletSettings }, environment).wallets.rpc].map(([chain, url]) => [
    chain,
    url.href,
  ])

test('is a list of chains, in either spelling, each with a URL that may have a login, a path and a query', () => {
  expect(nodesIn({})).toEqual([])
  const list =
    'eip155:1=https://node.example/v2/KEY?a=b=c, 137=https://user:p%40ss@node.example:8443, 31337=http://127.0.0.1:8545,'
  expect(nodesIn({ IDEM_WALLET_RPC: list })).toEqual([
    ['eip155:1', 'https://node.example/v2/KEY?a=b=c'],
    ['eip155:137', 'https://user:p%40ss@node.example:8443/'],
    ['eip155:31337', 'http://127.0.0.1:8545/'],
  ])
})

test('may be read from a file, as it is a secret', () => {
  const folder = mkdtempSync(join(tmpdir(), 'idem-wallet-rpc-'))
  try {
    const file = join(folder, 'rpc')
    writeFileSync(file, 'eip155:1=https://node.example/KEY\n')
    expect(nodesIn({ IDEM_WALLET_RPC_FILE: file })).toEqual([['eip155:1', 'https://node.example/KEY']])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  ['https://node.example/SECRET', 'entry 1'],
  ['1=https://node.example, https://node.example/SECRET', 'entry 2'],
  ['01=https://node.example/SECRET', 'entry 1'],
  ['solana:1=https://node.example/SECRET', 'entry 1'],
  ['1=http://node.example/SECRET', 'https'],
  ['1=wss://node.example/SECRET', 'https'],
  ['1=node.example/SECRET', 'https'],
  ['1=', 'https'],
  ['1', 'https'],
  ['1=https://node.example/a,SECRET', 'entry 2'],
  ['1=https://node.example/#SECRET', 'without #'],
  ['1=https://user:%zzSECRET@node.example/', 'wrong password'],
  ['1=https://node.example/SECRET, eip155:1=https://node.example/SECRET', 'once'],
])('%s is refused, and told without its value', (list, sentence) => {
  let problem = ''
  try {
    nodesIn({ IDEM_WALLET_RPC: list })
  } catch (error) {
    problem = String(error)
  }
  expect(problem).toContain('IDEM_WALLET_RPC')
  expect(problem).toContain(sentence)
  expect(problem).not.toMatch(/SECRET|node\.example/)
})
