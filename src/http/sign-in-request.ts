// The parameters of a sign-in at the page: where the person returns to, and which program may redeem the code.
import { isCodeChallenge } from '../challenges/login-code.js'
import { fieldOf } from './form-field.js'
import { isReturnUrl, type ReturnUrls } from './return-url.js'

/** A sign-in at the page, as the program that sent the person there asked for it. */
export interface SignInRequest {
  readonly returnUrl: string
  /** Given back unchanged, so that the program recognises its own request (RFC 6749 10.12). */
  readonly state: string
  /** The SHA-256 of the program's verifier, in base64url (RFC 7636 4.2). */
  readonly codeChallenge: string
  /** What to fill in as the name of the person; null if the program does not know. */
  readonly loginHint: string | null
}

/** What is wrong with the parameters. */
export type SignInRequestFault = 'returnUrl' | 'state' | 'codeChallenge' | 'codeChallengeMethod'

/** In characters. */
const longestState = 512
/** The length of the longest email address (RFC 5321 4.5.3.1). In characters. */
const longestHint = 320

/** RFC 6749 appendix A.5: printable characters of ASCII. */
const stateForm = /^[\x20-\x7e]+$/

/**
 * The parameters in a query or form, or the first fault. The return URL is checked first, and nobody is ever sent to one
 * that is not listed.
 */
export const readSignInRequest = (
  fields: unknown,
  returnUrls: ReturnUrls,
): SignInRequest | SignInRequestFault => {
  const returnUrl = fieldOf(fields, 'return_url')
  if (returnUrl === null || !isReturnUrl(returnUrls, returnUrl)) return 'returnUrl'
  const state = fieldOf(fields, 'state')
  if (state === null || state.length > longestState || !stateForm.test(state)) return 'state'
  // RFC 7636 4.3: without the method it would be `plain`, in which the challenge is the verifier.
  if (fieldOf(fields, 'code_challenge_method') !== 'S256') return 'codeChallengeMethod'
  const codeChallenge = fieldOf(fields, 'code_challenge')
  if (codeChallenge === null || !isCodeChallenge(codeChallenge)) return 'codeChallenge'
  const hint = fieldOf(fields, 'login_hint')
  return {
    returnUrl,
    state,
    codeChallenge,
    loginHint: hint !== null && hint.length <= longestHint ? hint : null,
  }
}

/** The parameters by their names in queries and forms. */
export const parametersOf = (request: SignInRequest): Readonly<Record<string, string>> => ({
  return_url: request.returnUrl,
  state: request.state,
  code_challenge: request.codeChallenge,
  code_challenge_method: 'S256',
  ...(request.loginHint === null ? {} : { login_hint: request.loginHint }),
})
