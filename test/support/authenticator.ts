// A person's authenticator app and recovery codes, as a client enrols and answers with them.
import { generateSync } from 'otplib'
import { dataOf } from './calls.js'
import type { KeyOwner, SignedIn } from './key-owner.js'
import type { Answer, TestService } from './start-service.js'

const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  provisioned account { id } tokens { accessToken }
  secondFactor { id method methods purpose status message delivery } } }`
const stepUpQuery = 'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken } }'

/** The challenge of a second factor. */
export interface SecondFactorChallenge {
  readonly id: string
  readonly method: string
  readonly methods: readonly string[]
}

/** Sends the answer of a sign-in. */
export const trySignInWith = async (
  idem: TestService,
  proof: object,
  challengeId?: string,
): Promise<Answer> =>
  await idem.ask(signInQuery, { input: { ...(challengeId === undefined ? {} : { challengeId }), proof } })

/** Sends the answer of a step-up. */
export const tryStepUpWith = async (
  idem: TestService,
  accessToken: string,
  { proof, challengeId }: { readonly proof: object; readonly challengeId?: string },
): Promise<Answer> =>
  await idem.askAs(accessToken, stepUpQuery, {
    input: { ...(challengeId === undefined ? {} : { challengeId }), proof },
  })

/** The challenge that a key gets at an account of two factors. */
export const proveKey = async (idem: TestService, key: KeyOwner): Promise<SecondFactorChallenge> => {
  const answer = await idem.ask(signInQuery, { input: key.answer(await key.challenge()) })
  return dataOf(answer).signIn.secondFactor
}

/** The challenge in the refusal of a first proof by `stepUp`. */
export const secondFactorIn = (
  answer: Answer,
): SecondFactorChallenge & { readonly delivery: string | null } => {
  const challenge = answer.errors[0]?.extensions['secondFactor']
  if (challenge === undefined) throw new Error(JSON.stringify(answer.errors))
  return challenge as SecondFactorChallenge & { readonly delivery: string | null }
}

/** The level and the methods of a session. */
export const sessionOf = async (
  idem: TestService,
  accessToken: string,
): Promise<{ readonly acr: string; readonly amr: readonly string[] }> =>
  dataOf(await idem.askAs(accessToken, '{ session { acr amr } }')).session

/** An authenticator app. */
export class Authenticator {
  constructor(
    private readonly idem: TestService,
    readonly secret: string,
  ) {}

  /** The code that the app shows, or showed or will show so many steps away. */
  code(steps = 0): string {
    return generateSync({
      secret: this.secret,
      epoch: Math.floor(this.idem.clock.now().getTime() / 1000) + steps * 30,
    })
  }

  /** The proof with it. */
  proof(steps = 0): { readonly totp: { readonly code: string } } {
    return { totp: { code: this.code(steps) } }
  }

  /** A code of six digits that the app shows neither now nor one step away. */
  wrongCode(): string {
    const near = [-1, 0, 1].map((steps) => this.code(steps))
    return ['000000', '111111', '222222', '333333'].find((code) => !near.includes(code)) ?? ''
  }
}

/** Begins an enrolment. */
export const tryEnrol = async (idem: TestService, accessToken: string): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation { enrolTotp { secret uri qrCode expiresAt } }')

/** Sends the first code. */
export const tryConfirm = async (idem: TestService, accessToken: string, code: string): Promise<Answer> =>
  await idem.askAs(
    accessToken,
    'mutation ($code: String!) { confirmTotp(code: $code) { account { id } tokens { accessToken refreshToken } } }',
    { code },
  )

/** Enrols an app and confirms it; its next code is one of the next step. Returns the tokens of two factors. */
export const enrol = async (
  idem: TestService,
  { accessToken }: Pick<SignedIn, 'accessToken'>,
): Promise<{ readonly app: Authenticator; readonly accessToken: string }> => {
  const { secret } = dataOf(await tryEnrol(idem, accessToken)).enrolTotp
  const app = new Authenticator(idem, secret)
  const { tokens } = dataOf(await tryConfirm(idem, accessToken, app.code())).confirmTotp
  idem.clock.advance(30)
  return { app, accessToken: tokens.accessToken }
}

/** Makes recovery codes. */
export const tryCreateCodes = async (idem: TestService, accessToken: string): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation { createRecoveryCodes }')
