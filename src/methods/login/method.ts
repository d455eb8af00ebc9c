// The method `login`: the one-time code with which the sign-in page sends a person back, and its verifier (PKCE).
import { Field, InputType } from 'type-graphql'
import { isExpired } from '../../challenges/challenge.js'
import { isVerifierOf } from '../../challenges/login-code.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import type { Attempt, HandedOver, HandoverDefinition } from '../method.js'

/** The proof of a sign-in at the page. */
@InputType({ description: 'Redeem the code with which the sign-in page has sent a person back.' })
export class LoginProof {
  @Field(() => String, { description: 'The `code` of the return URL: valid for 60 seconds, and once.' })
  code!: string

  @Field(() => String, {
    description: 'The verifier of the `code_challenge` with which the sign-in began (RFC 7636).',
  })
  codeVerifier!: string
}

/** More than any code of ours, and less than work. In characters. */
const longestCode = 16_384

/** Hands over what was proven at the sign-in page. A wrong verifier spends nothing, because it cannot be guessed. */
export const loginMethod: HandoverDefinition<LoginProof> = {
  kind: 'handover',
  name: 'login',
  description: 'A code of the sign-in page.',
  words: {
    en: { name: 'sign-in page', identity: 'the sign-in page' },
    de: { name: 'Anmeldeseite', identity: 'die Anmeldeseite' },
  },
  proof: LoginProof,
  needsChallenge: false,

  create: ({ loginCodes, passwords }) => ({
    async verify(call: Call, { proof }: Attempt<LoginProof>): Promise<HandedOver> {
      const code = proof.code.length > longestCode ? null : loginCodes.open(proof.code)
      if (code === null) throw rejected('This is no code of ours. Sign in again.', 'code does not open')
      if (!isVerifierOf(code, proof.codeVerifier))
        throw rejected('This code was issued to another program.', 'the verifier is not that of the code')
      if (isExpired(code, call.now))
        throw new Failure('CHALLENGE_EXPIRED', 'The code has expired. Sign in again.')
      const { accountId, passwordVersion } = code.grant
      if (accountId !== null && passwordVersion !== null) {
        const password = await passwords.find(call, { kind: 'account', name: accountId })
        if (password?.version !== passwordVersion)
          throw rejected('The password was changed meanwhile. Sign in again.', 'a code of a former password')
      }
      return { grant: code.grant, writes: [loginCodes.spend(code)] }
    },
  }),
}

const rejected = (sentence: string, reason: string): Failure =>
  new Failure('PROOF_REJECTED', sentence, { reason })
