// The whole login with a password: the password, the second factor, the session.

import { IdemError } from '../client/idem-error.js'
import { answerWithPassword } from '../client/proof.js'
import type { SecondFactor } from '../client/second-factor.js'
import type { SignedIn } from '../client/sign-in.js'
import { CliError } from './cli-error.js'
import { finishLogin } from './finish-login.js'
import type { Connection } from './invocation.js'
import { finishWithSecondFactor, signInOrMore } from './two-step-sign-in.js'

/** How often a person may try; after that the command has to be run again. */
const mostTries = 3

/** Signs in; `given` is the handle or address, null to ask for it. `PROOF_REJECTED` for a wrong login or password. */
export const logInWithPassword = async (connection: Connection, given: string | null): Promise<void> => {
  const { config, prompter } = connection
  await config.check()
  const login = (given ?? (await prompter.ask('Your handle or email address:', 'The account'))).trim()
  const keep = (signedIn: SignedIn): Promise<void> => {
    const { id: accountId } = signedIn.account
    return finishLogin(connection, signedIn, { login: { method: 'password', accountId, login } })
  }
  const more = await givePassword(connection, login, keep)
  await finishWithSecondFactor(connection, { more, keep })
}

const givePassword = async (
  connection: Connection,
  login: string,
  keep: (signedIn: SignedIn) => Promise<void>,
): Promise<SecondFactor | null> => {
  const { prompter, output } = connection
  for (let triesLeft = mostTries - 1; ; triesLeft -= 1) {
    const password = await prompter.askHidden(`Password of ${login}:`, 'The password')
    try {
      return await signInOrMore(connection, answerWithPassword({ login, password }), keep)
    } catch (error) {
      if (!(error instanceof IdemError) || error.code !== 'PROOF_REJECTED') throw error
      if (triesLeft === 0 || !prompter.isInteractive)
        throw new CliError('PROOF_REJECTED', error.message, 'Forgotten? idem passwords reset', {
          cause: error,
        })
      output.progress(error.message)
    }
  }
}
