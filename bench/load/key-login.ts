// The login of a key: its challenge, then the sign-in with the signature over it.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Connection, GraphqlRequest } from './connection.js'

/** The request for a challenge of any method. */
export const issueChallenge = new GraphqlRequest(
  'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { id message } }',
  '{"data":{"issueChallenge":{"id":"',
)

/** The sign-in by any proof. */
export const signIn = new GraphqlRequest(
  'mutation ($input: SignInInput!) { signIn(input: $input) { account { id } tokens { accessToken refreshToken } } }',
  '{"data":{"signIn":{"account":{"id":"',
)

/** The tokens of a new session. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
}

/** The data of an answer, of which `send` has checked that it begins like a successful one. */
export const dataOf = <Data>(body: string): Data => (JSON.parse(body) as { readonly data: Data }).data

/** A key and the request for its challenge. */
export interface LoginKey {
  readonly privateKey: KeyObject
  readonly askForChallenge: string
}

/** A new key, which registers with the handle if one is given. */
export const createKey = (handle?: string): LoginKey => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(privateKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const input = { key: { publicKey: raw.toString('base64'), handle } }
  return { privateKey, askForChallenge: issueChallenge.text({ input }, null) }
}

/** Logs in with a key, and returns the account and its tokens. */
export const logIn = async (
  connection: Connection,
  key: LoginKey,
): Promise<{ readonly accountId: string; readonly tokens: Tokens }> => {
  const answer = await issueChallenge.send(connection, key.askForChallenge)
  const { id, message } = dataOf<{ issueChallenge: { id: string; message: string } }>(answer).issueChallenge
  const signature = sign(null, Buffer.from(message), key.privateKey).toString('base64')
  const input = { challengeId: id, proof: { key: { signature } } }
  const signedIn = await signIn.send(connection, signIn.text({ input }, null))
  const { account, tokens } = dataOf<{ signIn: { account: { id: string }; tokens: Tokens } }>(signedIn).signIn
  return { accountId: account.id, tokens }
}
