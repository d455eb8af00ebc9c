// The whole login by email: with the key of an earlier login if there is one, otherwise by a mail.

import { fetchWhoAmI } from '../client/account.js'
import { developmentBearer } from '../client/development-bearer.js'
import { type ChallengeState, requestMail } from '../client/email-challenge.js'
import type { SignedIn } from '../client/sign-in.js'
import { withBearer } from '../client/transport.js'
import { answerMail } from './answer-mail.js'
import { CliError } from './cli-error.js'
import { type EmailKey, serverEntry, withServerEntry } from './config.js'
import { emailKeyOf, withoutEmailKey } from './email-keys.js'
import { finishLogin } from './finish-login.js'
import type { Connection } from './invocation.js'
import { keepEmailLogin } from './keep-email-login.js'
import { logInWithEmailKey } from './log-in-with-email-key.js'
import { requireAccount } from './require-account.js'
import { tellOfMail } from './tell-of-mail.js'
import { finishWithSecondFactor, signInOrMore } from './two-step-sign-in.js'

/** The options of a login. */
export interface EmailLogin {
  readonly address: string
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
      if (!(await wantsNewMail(connection, error))) throw error
    }
  }
}

/** True if the key opened its account; otherwise the key is removed from the config. */
const logInSilently = async (connection: Connection, key: EmailKey, address: string): Promise<boolean> => {
  const { url, config, output } = connection
  const signedIn = await logInWithEmailKey(connection, key)
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

/** Answers the mail, then what else the account asks for. */
const answerAndKeep = async (
  connection: Connection,
  challenge: ChallengeState,
  { address }: EmailLogin,
): Promise<void> => {
  const keep = (signedIn: SignedIn): Promise<void> => keepEmailLogin(connection, signedIn, address)
  const more = await answerMail(connection, {
    challenge,
    submit: (answer) => signInOrMore(connection, answer, keep),
  })
  await finishWithSecondFactor(connection, { more, keep })
}

const wantsNewMail = async (connection: Connection, error: unknown): Promise<boolean> => {
  const isOver =
    error instanceof CliError && (error.code === 'CHALLENGE_SPENT' || error.code === 'CHALLENGE_EXPIRED')
  const { isInteractive, lines } = connection.prompter
  if (!isOver || !isInteractive) return false
  connection.output.progress(error.message)
  connection.output.ask('Send a new mail? [Y/n]')
  const answer = await lines.next()
  return answer !== null && !/^\s*n/i.test(answer)
}
