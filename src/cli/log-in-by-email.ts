// The whole login by email: with the key of an earlier login if there is one, otherwise by a mail.

import { fetchWhoAmI } from '../client/account.js'
import { developmentBearer } from '../client/development-bearer.js'
import { type ChallengeState, requestMail } from '../client/email-challenge.js'
import { signIn } from '../client/sign-in.js'
import { withBearer } from '../client/transport.js'
import { answerMail } from './answer-mail.js'
import { CliError } from './cli-error.js'
import { type EmailKey, serverEntry, withServerEntry } from './config.js'
import { describeMoment } from './describe-moment.js'
import { emailKeyOf, withoutEmailKey } from './email-keys.js'
import { finishLogin } from './finish-login.js'
import { type Connection, isInteractive } from './invocation.js'
import { keepEmailLogin } from './keep-email-login.js'
import type { Lines } from './lines.js'
import { logInWithEmailKey } from './log-in-with-email-key.js'
import { requireAccount } from './require-account.js'

/** The options of a login. */
export interface EmailLogin {
  readonly address: string
  readonly lines: Lines
  /** Whether to wait for the answer to the mail; otherwise only its challenge is printed. */
  readonly waits: boolean
}

/** Signs in; the first use of an address creates an account. */
export const logInByEmail = async (connection: Connection, login: EmailLogin): Promise<void> => {
  const key = emailKeyOf(connection.kept, login.address)
  if (key !== null && (await logInSilently(connection, key, login.address))) return
  await connection.config.check() // an unwritable config fails before the mail is sent
  for (;;) {
    const challenge = await requestMail(connection.transport, { address: login.address, purpose: 'SIGN_IN' })
    if (challenge.authenticationDisabled) return logInUnproven(connection, login.address)
    if (!login.waits) return printChallenge(connection, challenge)
    tellOfMail(connection, challenge, login.address)
    try {
      return await answerAndKeep(connection, challenge, login)
    } catch (error) {
      if (!(await wantsNewMail(connection, error, login.lines))) throw error
    }
  }
}

/** True if the key opened its account; otherwise the key is removed from the config. */
const logInSilently = async (connection: Connection, key: EmailKey, address: string): Promise<boolean> => {
  const { url, config, output, transport } = connection
  const signedIn = await logInWithEmailKey(transport, key)
  const { accountId, publicKey } = key
  if (signedIn !== null) {
    const emailKey = { ...key, handle: signedIn.account.handle }
    await finishLogin(connection, signedIn, {
      login: { method: 'email', accountId, address, publicKey },
      emailKey,
    })
    return true
  }
  output.warn(`the key in ${config.path} no longer opens account ${accountId}: a mail is needed.`)
  await config.update(async (before) => {
    const emailKeys = withoutEmailKey(serverEntry(before, url), publicKey)
    return withServerEntry(before, url, { emailKeys })
  })
  return false
}

/** Signs in at a development server without authentication, to which nothing secret is sent. */
const logInUnproven = async (connection: Connection, address: string): Promise<void> => {
  const { url, config, output, transport } = connection
  const { me } = await fetchWhoAmI(withBearer(transport, developmentBearer(address)))
  const account = requireAccount(me)
  const login = { method: 'development', accountId: account.id, address } as const
  await config.update(async (before) => ({ ...withServerEntry(before, url, { login, tokens: null }), url }))
  output.warn(`${url} believes everybody: it runs without authentication, for development.`)
  output.result(
    { account, provisioned: false, authenticationDisabled: true, url },
    `Signed in as ${address} (account ${account.id}) at ${url}.`,
  )
}

const printChallenge = ({ output, url }: Connection, challenge: ChallengeState): void => {
  const document = { challenge, url }
  output.result(document, JSON.stringify(document))
  output.progress('Go on with: idem login --challenge ID --code CODE')
}

const tellOfMail = ({ output, machine }: Connection, challenge: ChallengeState, address: string): void => {
  const { matchCode, expiresAt, retryAfterSeconds } = challenge
  const another =
    retryAfterSeconds === null
      ? ''
      : `\nIf none has come in ${retryAfterSeconds} s, run the command again for another one.`
  output.event(
    { challenge },
    `A mail is on its way to ${address}. It holds until ${describeMoment(expiresAt, machine.now())}.\n\n` +
      `    Match code: ${matchCode}\n\n` +
      'Paste the code of the mail here; or open its link, and give the match code there.' +
      another,
  )
}

/** Answers the mail; sign-in and storing of its result are not interrupted by signals. */
const answerAndKeep = (
  connection: Connection,
  challenge: ChallengeState,
  { address, lines }: EmailLogin,
): Promise<void> => {
  const { transport, machine } = connection
  return answerMail(connection, {
    challenge,
    lines,
    isInteractive: isInteractive(connection),
    submit: (answer) =>
      machine.unbroken(async () => keepEmailLogin(connection, await signIn(transport, answer), address)),
  })
}

const wantsNewMail = async (connection: Connection, error: unknown, lines: Lines): Promise<boolean> => {
  const isOver =
    error instanceof CliError && (error.code === 'CHALLENGE_SPENT' || error.code === 'CHALLENGE_EXPIRED')
  if (!isOver || !isInteractive(connection)) return false
  connection.output.progress(error.message)
  connection.output.ask('Send a new mail? [Y/n]')
  const answer = await lines.next()
  return answer !== null && !/^\s*n/i.test(answer)
}
