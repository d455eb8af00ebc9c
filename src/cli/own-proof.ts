// Proves the remembered login again, with the data in the config.

import { answerWithWallet } from '../client/answer-with-wallet.js'
import {
  type Answer,
  answerAsGuest,
  answerWithKey,
  answerWithPassword,
  type ChallengePurpose,
  type KeySigner,
} from '../client/proof.js'
import type { Transport } from '../client/transport.js'
import { assertNever, CliError } from './cli-error.js'
import type { EmailKey, Login } from './config.js'
import { type GivenKey, readEnvironmentKey, readPrivateKeyFile } from './given-key.js'
import { type GivenWallet, readWallet } from './given-wallet.js'
import { type Connection, deviceName } from './invocation.js'
import { parsePrivateKey } from './private-key.js'
import { sourceWithoutFile } from './unusable-key.js'

/** The login to prove, and the server. */
export interface OwnProofRequest {
  readonly login: Login
  readonly purpose: ChallengePurpose
  /** Without a bearer to sign in, with the session's bearer to step up. */
  readonly transport: Transport
}

/**
 * An answer that proves the remembered login. Asks for nothing but, for a step-up, the password. `KEY_MISSING` if its
 * key is not available; the message says why.
 */
export const proveOwn = async (connection: Connection, request: OwnProofRequest): Promise<Answer> => {
  const { login, purpose, transport } = request
  switch (login.method) {
    case 'key': {
      const signer = await findOwnKey(connection, login)
      const handle = purpose === 'SIGN_IN' && login.handle !== null ? { handle: login.handle } : {}
      return answerWithKey(transport, signer, { purpose, ...handle })
    }
    case 'guest':
      return guestAnswer(connection)
    case 'email': {
      const { privateKey, handle } = findEmailKey(connection, login)
      const signer = parsePrivateKey(privateKey, sourceWithoutFile(`The key in ${connection.config.path}`))
      const wanted = purpose === 'SIGN_IN' && handle !== null ? { handle } : {}
      return answerWithKey(transport, signer, { purpose, ...wanted })
    }
    case 'password': {
      if (purpose === 'SIGN_IN') throw new CliError('KEY_MISSING', 'The password is not remembered.')
      const password = await connection.prompter.askHidden(`Password of ${login.login}:`, 'The password')
      return answerWithPassword({ password })
    }
    case 'wallet': {
      const { signer } = await findOwnWallet(connection, login)
      const wanted = purpose === 'SIGN_IN' && login.handle !== null ? { handle: login.handle } : {}
      return answerWithWallet(transport, signer, { purpose, ...wanted })
    }
    case 'development':
      throw new CliError('KEY_MISSING', 'A server in development believes the address: there is no key.')
    default:
      return assertNever(login)
  }
}

const guestAnswer = (connection: Connection): Answer => {
  const { deviceSecret } = connection.kept
  if (deviceSecret === null) {
    throw new CliError('KEY_MISSING', `The guest's secret is gone from ${connection.config.path}.`)
  }
  return answerAsGuest({ deviceSecret, deviceName: deviceName(connection.machine) })
}

const findEmailKey = (
  { kept, config }: Connection,
  { publicKey, address }: Extract<Login, { method: 'email' }>,
): EmailKey => {
  const key = kept.emailKeys.find((candidate) => candidate.publicKey === publicKey)
  if (key !== undefined) return key
  throw new CliError('KEY_MISSING', `No key for ${address} is in ${config.path}.`)
}

/** The login's key from its file or the environment; any other key is refused. */
const findOwnKey = async (
  connection: Connection,
  login: Extract<Login, { method: 'key' }>,
): Promise<KeySigner> => {
  const fromEnvironment = readEnvironmentKey(connection)
  if (fromEnvironment?.signer.publicKey === login.publicKey) return fromEnvironment.signer
  const fromFile = await readRemembered(connection, login.privateKeyFile)
  if (fromFile.signer.publicKey === login.publicKey) return fromFile.signer
  throw new CliError(
    'KEY_MISSING',
    `The file ${login.privateKeyFile} holds another key than the one signed in with.`,
  )
}

/** The login's wallet from its file; any other is refused. */
const findOwnWallet = async (
  connection: Connection,
  { walletKeyFile: word, chainId: chain, address }: Extract<Login, { method: 'wallet' }>,
): Promise<GivenWallet> => {
  if (word === null) throw new CliError('KEY_MISSING', "No file with the wallet's key is remembered.")
  try {
    const wallet = await readWallet(connection, { word, chain })
    if (wallet.signer.address === address) return wallet
  } catch (error) {
    throw error instanceof CliError ? new CliError('KEY_MISSING', error.message) : error
  }
  throw new CliError('KEY_MISSING', `The file ${word} holds another wallet than the one signed in with.`)
}

const readRemembered = async (connection: Connection, file: string | null): Promise<GivenKey> => {
  if (file === null) throw new CliError('KEY_MISSING', 'No file with the private key is remembered.')
  try {
    return await readPrivateKeyFile(connection, file)
  } catch (error) {
    throw error instanceof CliError ? new CliError('KEY_MISSING', error.message) : error
  }
}
