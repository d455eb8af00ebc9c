// Proves another account to the session of this one, by a key, a wallet or a mail, and by its second factor.

import type { AccountSummary } from '../client/account.js'
import { answerWithWallet } from '../client/answer-with-wallet.js'
import { requestMail } from '../client/email-challenge.js'
import { type LinkOutcome, linkIdentity } from '../client/link-identity.js'
import { type Answer, answerWithKey } from '../client/proof.js'
import { answerMail } from './answer-mail.js'
import { answerSecondFactor } from './answer-second-factor.js'
import { CliError } from './cli-error.js'
import type { Login } from './config.js'
import { type GivenKey, readEnvironmentKey, readPrivateKey } from './given-key.js'
import { type GivenWallet, readWallet } from './given-wallet.js'
import type { Connection } from './invocation.js'
import type { OtherProofOptions } from './other-proof-options.js'
import { tellOfMail } from './tell-of-mail.js'
import { type StepUpMeans, withStepUp } from './with-step-up.js'

/** A way to prove the other account, read from the options. */
interface Way {
  /** Proves it, and submits the proof. */
  readonly prove: () => Promise<LinkOutcome>
  /** What a guest that becomes part of the account signs in with from now on. */
  readonly loginOf: (account: AccountSummary) => Login
}

/** What came of the proof, and the login that it is for the account. */
export interface ProvenOther {
  readonly outcome: LinkOutcome
  readonly loginOf: Way['loginOf']
}

/**
 * Proves the other account. The server may ask for a recent proof of this one first. `KEY_MISSING` if no proof of the
 * other account is named.
 */
export const proveOther = async (
  connection: Connection,
  means: StepUpMeans,
  options: OtherProofOptions,
): Promise<ProvenOther> => {
  const { prove, loginOf } = await wayOf(connection, means, options)
  const first = await prove()
  if (first.outcome !== 'second_factor') return { outcome: first, loginOf }
  const submit = submitting(connection, means)
  return { outcome: await answerSecondFactor(connection, { more: first.secondFactor, submit }), loginOf }
}

/** Submits an answer. A refusal for want of a recent proof does not spend it. */
const submitting =
  (connection: Connection, means: StepUpMeans) =>
  (answer: Answer): Promise<LinkOutcome> =>
    withStepUp(connection, means, () => linkIdentity(means.session, answer))

const wayOf = async (
  connection: Connection,
  means: StepUpMeans,
  { privateKey, walletKey, chain = '1', email }: OtherProofOptions,
): Promise<Way> => {
  if (email !== undefined) return byMail(connection, means, email)
  if (walletKey !== undefined)
    return byWallet(connection, means, await readWallet(connection, { word: walletKey, chain }))
  const key =
    privateKey === undefined ? readEnvironmentKey(connection) : await readPrivateKey(connection, privateKey)
  if (key !== null) return byKey(connection, means, key)
  throw new CliError(
    'KEY_MISSING',
    'No proof of the other account is named.',
    'Give --private-key FILE, --wallet-key FILE or --email ADDRESS of it.',
  )
}

const purpose = 'LINK_IDENTITY'

// The challenge of a signature is short-lived, so a step-up is followed by another one.
const byKey = (connection: Connection, means: StepUpMeans, { signer, file }: GivenKey): Way => ({
  prove: () =>
    withStepUp(connection, means, async () =>
      linkIdentity(means.session, await answerWithKey(means.session, signer, { purpose })),
    ),
  loginOf: ({ id: accountId, handle }) => ({
    method: 'key',
    accountId,
    publicKey: signer.publicKey,
    privateKeyFile: file,
    handle,
  }),
})

const byWallet = (connection: Connection, means: StepUpMeans, { signer, file }: GivenWallet): Way => ({
  prove: () =>
    withStepUp(connection, means, async () =>
      linkIdentity(means.session, await answerWithWallet(means.session, signer, { purpose })),
    ),
  loginOf: ({ id: accountId, handle }) => ({
    method: 'wallet',
    accountId,
    address: signer.address,
    chainId: signer.chainId,
    walletKeyFile: file,
    handle,
  }),
})

const byMail = (connection: Connection, means: StepUpMeans, address: string): Way => ({
  prove: async () => {
    const challenge = await requestMail(means.session, { address, purpose })
    tellOfMail(connection, challenge, address)
    return answerMail(connection, {
      challenge,
      again: 'Run the command again.',
      submit: submitting(connection, means),
    })
  },
  loginOf: ({ id: accountId }) => ({ method: 'email', accountId, address, publicKey: null }),
})
