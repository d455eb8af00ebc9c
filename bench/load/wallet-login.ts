// The login of an Ethereum wallet: its challenge, then the sign-in with the signature over it.
import { createRequire } from 'node:module'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type * as Native from 'secp256k1'
import { parseAddress } from '../../src/methods/wallet/address.js'
import { personalHash } from '../../src/methods/wallet/personal-hash.js'
import type { Connection } from './connection.js'
import { dataOf, issueChallenge, signIn } from './key-login.js'

/** A wallet and the request for its challenge. */
export interface LoginWallet {
  readonly privateKey: Uint8Array
  readonly askForChallenge: string
}

/** Signs as fast as the server recovers, so that the client is not what is measured. */
const native = createRequire(import.meta.url)('secp256k1/bindings.js') as typeof Native

/** A new wallet, which has logged in once and so has its account. */
export const registerWallet = async (connection: Connection): Promise<LoginWallet> => {
  const privateKey = secp256k1.utils.randomSecretKey()
  const publicKey = secp256k1.getPublicKey(privateKey, false)
  const hash = keccak_256(publicKey.subarray(1))
  const address = parseAddress(`0x${Buffer.from(hash.subarray(-20)).toString('hex')}`)
  const input = { wallet: { address, chainId: 'eip155:1' } }
  const wallet = { privateKey, askForChallenge: issueChallenge.text({ input }, null) }
  await logInByWallet(connection, wallet)
  return wallet
}

/** Logs in with a wallet. */
export const logInByWallet = async (connection: Connection, wallet: LoginWallet): Promise<void> => {
  const answer = await issueChallenge.send(connection, wallet.askForChallenge)
  const { id, message } = dataOf<{ issueChallenge: { id: string; message: string } }>(answer).issueChallenge
  const signed = native.ecdsaSign(personalHash(message), wallet.privateKey)
  const signature = `0x${Buffer.from([...signed.signature, signed.recid + 27]).toString('hex')}`
  const input = { challengeId: id, proof: { wallet: { signature } } }
  await signIn.send(connection, signIn.text({ input }, null))
}
