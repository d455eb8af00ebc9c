// The client side of email logins: requests a mail, waits for it, signs in with its code.
import { randomBytes } from 'node:crypto'
import { type Connection, GraphqlRequest } from './connection.js'
import type { MailWatch } from './mail-watch.js'

/** Number of domains of the addresses, because the pace of one domain is counted in one row. */
const domains = 50

const issueChallenge = new GraphqlRequest(
  'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { id } }',
  '{"data":{"issueChallenge":{"id":"',
)
const signIn = new GraphqlRequest(
  'mutation ($input: SignInInput!) { signIn(input: $input) { account { id } tokens { accessToken refreshToken } } }',
  '{"data":{"signIn":{"account":{"id":"',
)

/** An address that was never used. */
export const newAddress = (): string => {
  const bytes = randomBytes(8)
  return `${bytes.toString('hex')}@d${(bytes[0] ?? 0) % domains}.example.org`
}

/** The request for a mail to an address, as one client sends it. */
export const mailRequest = (address: string): string =>
  issueChallenge.text({ input: { email: { address } } }, null)

/** Sends such a request; returns the challenge's id. Throws `Refused`. */
export const sendMailRequest = async (connection: Connection, request: string): Promise<string> => {
  const body = JSON.parse(await issueChallenge.send(connection, request)) as {
    readonly data: { readonly issueChallenge: { readonly id: string } }
  }
  return body.data.issueChallenge.id
}

/** Requests a mail and waits until it has arrived. Throws `Refused`. */
export const askForMail = async (
  connection: Connection,
  { address, mails }: { readonly address: string; readonly mails: MailWatch },
): Promise<{ readonly challengeId: string; readonly code: string }> => {
  const mail = mails.next(address)
  const [challengeId, code] = await Promise.all([sendMailRequest(connection, mailRequest(address)), mail])
  return { challengeId, code }
}

/** One login of a new address with the code of its mail, which creates an account. Throws `Refused`. */
export const logInByMail = async (connection: Connection, mails: MailWatch): Promise<void> => {
  const { challengeId, code } = await askForMail(connection, { address: newAddress(), mails })
  await signIn.send(connection, signIn.text({ input: { challengeId, proof: { email: { code } } } }, null))
}
