// The login of a passkey: its challenge, then the sign-in with what a software authenticator says of it.
import { SoftwareAuthenticator } from '../../test/support/software-authenticator.js'
import { type Connection, GraphqlRequest } from './connection.js'
import { dataOf, signIn, type Tokens } from './key-login.js'

const issueChallenge = new GraphqlRequest(
  'mutation ($purpose: ChallengePurpose! = SIGN_IN) { issueChallenge(input: { passkey: {} }, purpose: $purpose) { id message } }',
  '{"data":{"issueChallenge":{"id":"',
)
const linkIdentity = new GraphqlRequest(
  'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id } } }',
  '{"data":{"linkIdentity":{"account":{"id":"',
)
const askForLogin = issueChallenge.text({}, null)
const signInAsGuest = signIn.text({ input: { proof: { anonymous: {} } } }, null)

const challengeBy = async (connection: Connection, text: string): Promise<{ id: string; message: string }> =>
  dataOf<{ issueChallenge: { id: string; message: string } }>(await issueChallenge.send(connection, text))
    .issueChallenge

/** A new passkey (ES256, which verifies its user) that is linked to an account of its own. `port` is Idem's. */
export const registerPasskey = async (
  connection: Connection,
  port: number,
): Promise<SoftwareAuthenticator> => {
  const authenticator = new SoftwareAuthenticator(`http://localhost:${port}`)
  const guest = dataOf<{ signIn: { tokens: Tokens } }>(await signIn.send(connection, signInAsGuest)).signIn
  const { accessToken } = guest.tokens
  const asked = issueChallenge.text({ purpose: 'LINK_IDENTITY' }, accessToken)
  const { id, message } = await challengeBy(connection, asked)
  const input = { challengeId: id, proof: { passkey: { response: authenticator.create(message) } } }
  await linkIdentity.send(connection, linkIdentity.text({ input }, accessToken))
  return authenticator
}

/** Logs in with a passkey. */
export const logInByPasskey = async (
  connection: Connection,
  authenticator: SoftwareAuthenticator,
): Promise<void> => {
  const { id, message } = await challengeBy(connection, askForLogin)
  const input = { challengeId: id, proof: { passkey: { response: authenticator.get(message) } } }
  await signIn.send(connection, signIn.text({ input }, null))
}
