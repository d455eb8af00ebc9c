// Continues a login by mail that an earlier command began.

import { fetchWhoAmI } from '../client/account.js'
import { answerWithCode, fetchChallenge } from '../client/email-challenge.js'
import { methodNames } from '../client/method-names.js'
import type { Answer } from '../client/proof.js'
import type { SecondFactor } from '../client/second-factor.js'
import type { SignedIn } from '../client/sign-in.js'
import { withBearer } from '../client/transport.js'
import { answerMail } from './answer-mail.js'
import { CliError } from './cli-error.js'
import type { Connection } from './invocation.js'
import { keepEmailLogin } from './keep-email-login.js'
import { mailFailure } from './mail-failure.js'
import { finishWithSecondFactor, signInOrMore } from './two-step-sign-in.js'

/** The challenge that `--no-wait` printed, and its answer. */
export interface ResumedLogin {
  readonly challengeId: string
  /** Null to read it from the input, or to wait for the link. */
  readonly code: string | null
  /** Null if unknown; then it is read from the account. */
  readonly address: string | null
}

/** Signs in with the challenge. `NOT_FOUND` if there is no challenge with this id. */
export const resumeEmailLogin = async (
  connection: Connection,
  { challengeId, code, address }: ResumedLogin,
): Promise<void> => {
  const { transport } = connection
  const keep = async (signedIn: SignedIn): Promise<void> =>
    keepEmailLogin(connection, signedIn, address ?? (await findAddress(connection, signedIn)))
  const submit = (answer: Answer): Promise<SecondFactor | null> => signInOrMore(connection, answer, keep)
  const finish = (more: SecondFactor | null): Promise<void> =>
    finishWithSecondFactor(connection, { more, keep })
  if (code !== null) return finish(await submitCode(() => submit(answerWithCode(challengeId, code))))
  const challenge = await fetchChallenge(transport, challengeId)
  if (challenge.method !== methodNames.email || challenge.purpose !== 'SIGN_IN') {
    throw new CliError('USAGE', 'This challenge is for something else than a login by mail.')
  }
  connection.output.event({ challenge }, `Match code: ${challenge.matchCode}`)
  await finish(await answerMail(connection, { challenge, submit }))
}

const submitCode = async <Result>(submit: () => Promise<Result>): Promise<Result> => {
  try {
    return await submit()
  } catch (error) {
    throw mailFailure(error)
  }
}

/** The address that was linked last; each address of the account leads to it. */
const findAddress = async ({ transport }: Connection, { tokens }: SignedIn): Promise<string> => {
  const { me } = await fetchWhoAmI(withBearer(transport, tokens.accessToken))
  const address = me?.identities.filter(({ method }) => method === methodNames.email).at(-1)?.subject
  if (address === undefined) throw new CliError('SIGNED_OUT', 'The account has no address any more.')
  return address
}
