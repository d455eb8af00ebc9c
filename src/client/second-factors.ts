// The second factors of the account: an authenticator app (TOTP, RFC 6238) and recovery codes.

import { type Tokens, tokenFields } from './tokens.js'
import type { Transport } from './transport.js'

/** An authenticator app that is being set up. */
export interface TotpEnrolment {
  /** The key in Base32, to be typed where no picture can be read. */
  readonly secret: string
  /** The `otpauth:` URI, which the picture shows too. */
  readonly uri: string
}

/** Begins to set up an authenticator app; nothing is asked of it before `confirmTotp`. `CONFLICT` if there is one. */
export const enrolTotp = async (transport: Transport): Promise<TotpEnrolment> => {
  const data = await transport.send<{ enrolTotp: TotpEnrolment }>({
    document: 'mutation EnrolTotp { enrolTotp { secret uri } }',
  })
  return data.enrolTotp
}

/** Confirms the app by its first code: new tokens of the session. `PROOF_REJECTED` for a wrong code. */
export const confirmTotp = async (transport: Transport, code: string): Promise<Tokens> => {
  const document = `mutation ConfirmTotp($code: String!) { confirmTotp(code: $code) { tokens { ${tokenFields} } } }`
  const data = await transport.send<{ confirmTotp: { tokens: Tokens } }>({ document, variables: { code } })
  return data.confirmTotp.tokens
}

/** Removes the app. `NOT_FOUND` if there is none. */
export const removeTotp = async (transport: Transport): Promise<void> => {
  await transport.send({ document: 'mutation RemoveTotp { removeTotp { __typename } }' })
}

/** New recovery codes, which replace all former ones; the only time that they are shown. */
export const createRecoveryCodes = async (transport: Transport): Promise<readonly string[]> => {
  const document = 'mutation CreateRecoveryCodes { createRecoveryCodes }'
  const data = await transport.send<{ createRecoveryCodes: readonly string[] }>({ document })
  return data.createRecoveryCodes
}
