// The first proof of a login by password, up to the challenge of its second step; and the accounts that log in.
import { type Connection, GraphqlRequest, get } from './connection.js'
import { mailRequest, newAddress, sendMailRequest } from './email.js'
import { dataOf, signIn, type Tokens } from './key-login.js'

const setPassword = new GraphqlRequest(
  'mutation ($input: SetPasswordInput!) { setPassword(input: $input) { id } }',
  '{"data":{"setPassword":{"id":"',
)
const signInHalf = new GraphqlRequest(
  'mutation ($input: SignInInput!) { signIn(input: $input) { account { id } secondFactor { id } } }',
  '{"data":{"signIn":{"account":null,"secondFactor":{"id":"',
)

const password = 'three brown foxes of the bench'

/** A password of an account, as the request that proves it. */
export interface PasswordLogin {
  readonly request: string
}

/** The code of the newest mail to an address, on the page of mails that were not sent. */
const codeFor = async (connection: Connection, address: string): Promise<string> => {
  const mails = JSON.parse(await get(connection, '/mailbox?json')) as readonly { to: string; text: string }[]
  const code = /^ +([A-Z\d]{8})$/m.exec(mails.find(({ to }) => to === address)?.text ?? '')?.[1]
  if (code === undefined) throw new Error('the mailbox has no code for a new address')
  return code
}

/** Makes an account with an address and a password. Throws `Refused`. */
export const createPasswordLogin = async (connection: Connection): Promise<PasswordLogin> => {
  const address = newAddress()
  const challengeId = await sendMailRequest(connection, mailRequest(address))
  const proof = { email: { code: await codeFor(connection, address) } }
  const signedIn = await signIn.send(connection, signIn.text({ input: { challengeId, proof } }, null))
  const { accessToken } = dataOf<{ signIn: { tokens: Tokens } }>(signedIn).signIn.tokens
  const input = { newPassword: password }
  await setPassword.send(connection, setPassword.text({ input }, accessToken))
  const own = { password: { login: address, password } }
  return { request: signInHalf.text({ input: { proof: own } }, null) }
}

/** Proves the password: the answer has the challenge of the second step. Throws `Refused`. */
export const provePassword = async (connection: Connection, { request }: PasswordLogin): Promise<string> =>
  await signInHalf.send(connection, request)
