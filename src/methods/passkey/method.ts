// The method `passkey`: a WebAuthn credential that is found without a user name (WebAuthn level 3).
import { GraphQLJSONObject } from 'graphql-scalars'
import { Field, InputType, registerEnumType } from 'type-graphql'
import type { Acr } from '../../authorization/principal.js'
import type { Challenge, ChallengeDraft } from '../../challenges/challenge.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import type { Identities } from '../../identities/identities.js'
import type { Attempt, ChallengeAim, IdentityDefinition, MethodNeeds, ShownIdentity } from '../method.js'
import { checkClientData, type ExpectedCeremony, rejected } from './ceremony.js'
import {
  challengeIn,
  composeCreationOptions,
  composeRequestOptions,
  type NamedPasskey,
} from './ceremony-options.js'
import { type PasskeyCredential, parseCredential, userHandleFor } from './credential.js'
import { passkeyForm } from './form.js'
import type { RelyingParty } from './relying-party.js'
import { type CeremonyResponse, credentialIdOf, readResponse } from './response.js'
import { verifyAssertion } from './verify-assertion.js'
import { verifyRegistration } from './verify-registration.js'

/** The name stored in identity.method. */
export const passkeyMethodName = 'passkey'

/** How much a ceremony asks that the authenticator verifies its user. */
export const userVerifications = { PREFERRED: 'preferred', REQUIRED: 'required' } as const
type UserVerification = (typeof userVerifications)[keyof typeof userVerifications]

registerEnumType(userVerifications, {
  name: 'UserVerification',
  description: 'Whether the authenticator asks for a PIN, a finger or a face.',
  valuesConfig: {
    PREFERRED: { description: 'Where it can. The result decides between the levels aal1 and aal2.' },
    REQUIRED: { description: 'Always; an authenticator that cannot does not answer.' },
  },
})

/** The request of a passkey challenge. */
@InputType({ description: 'Ask for the options of a WebAuthn ceremony.' })
export class PasskeyChallengeInput {
  @Field(() => userVerifications, {
    defaultValue: userVerifications.PREFERRED,
    description: 'Whether the authenticator must verify its user.',
  })
  userVerification!: UserVerification
}

/** The proof for a passkey challenge. */
@InputType({ description: 'Answer a passkey challenge.' })
export class PasskeyProof {
  @Field(() => GraphQLJSONObject, {
    description: 'The credential that navigator.credentials gave for `Challenge.message`, as its toJSON().',
  })
  response!: object
}

/** Proves control of a passkey. One is registered by linking it. */
export const passkeyMethod: IdentityDefinition<PasskeyProof, PasskeyChallengeInput> = {
  kind: 'identity',
  name: passkeyMethodName,
  description: 'A passkey (WebAuthn): a phone, a computer or a security key proves it, without a user name.',
  words: {
    en: { name: 'passkey', identity: 'the passkey' },
    de: { name: 'Passkey', identity: 'der Passkey' },
  },
  proof: PasskeyProof,
  request: PasskeyChallengeInput,
  form: passkeyForm,
  needsChallenge: true,
  provisions: null,
  links: true,
  showsSubject: false,

  create: ({ identities, provenIdentities, relyingParty }: MethodNeeds) => ({
    async challenge(call: Call, request: PasskeyChallengeInput, aim: ChallengeAim): Promise<ChallengeDraft> {
      const { rpId, challengeLifetimeSeconds } = required(relyingParty)
      const { accountId, purpose } = aim
      const userVerification = request.userVerification ?? userVerifications.PREFERRED
      const passkeys = accountId === null ? [] : await listPasskeys(identities, call, { accountId, rpId })
      const options = { rpId, userVerification, passkeys }
      return {
        subject: null,
        handle: null,
        state: { userVerification },
        compose: (terms) =>
          purpose === 'LINK_IDENTITY' && accountId !== null
            ? composeCreationOptions({ ...options, userHandle: userHandleFor(accountId) }, terms)
            : composeRequestOptions(options, terms),
        keeping: { by: 'asker', lifetimeSeconds: challengeLifetimeSeconds },
      }
    },

    about: ({ proof }) => {
      const id = credentialIdOf(proof.response)
      return id === null || relyingParty === null ? null : { issuer: relyingParty.rpId, subject: id }
    },

    async verify(call: Call, { proof, challenge }: Attempt<PasskeyProof>): Promise<ShownIdentity> {
      const response = readResponse(proof.response)
      const ceremony = expectedOf(challenge, { relyingParty, response })
      checkClientData(response.clientData, ceremony)
      const proven = { issuer: ceremony.relyingParty.rpId, subject: response.id }
      const stored = await provenIdentities.findCredential(call, { method: passkeyMethodName, ...proven })
      const known = stored === null ? null : parseCredential(stored)
      const shown =
        ceremony.type === 'webauthn.create'
          ? await register(response, { ceremony, known })
          : await prove(call, response, { ceremony, known })
      return { ...proven, ...shown, deviceName: null, writes: [] }
    },
  }),
}

const required = (relyingParty: RelyingParty | null): RelyingParty => {
  if (relyingParty !== null) return relyingParty
  throw new Failure(
    'BAD_USER_INPUT',
    'Passkeys belong to a domain, and this service is reached by an address. Its operator can set IDEM_PASSKEY_RP_ID.',
    { field: 'passkey' },
  )
}

const listPasskeys = async (
  identities: Identities,
  call: Call,
  { accountId, rpId }: { readonly accountId: string; readonly rpId: string },
): Promise<readonly NamedPasskey[]> => {
  const all = await identities.listOf(call, accountId)
  return all.flatMap(({ method, issuer, subject, credential }) =>
    method === passkeyMethodName && issuer === rpId && credential !== null
      ? [{ id: subject, transports: parseCredential(credential).transports }]
      : [],
  )
}

interface Ceremony extends ExpectedCeremony {
  /** The user handle of the account that the challenge names; null for a sign-in. */
  readonly userHandle: string | null
  readonly isStepUp: boolean
  readonly requireUserVerification: boolean
}

/**
 * A link registers a passkey, or proves one that exists: then its account and the caller's are one person's. Which of the
 * two was done, the browser says in what the passkey signs.
 */
const expectedOf = (
  challenge: Challenge | null,
  {
    relyingParty,
    response,
  }: { readonly relyingParty: RelyingParty | null; readonly response: CeremonyResponse },
): Ceremony => {
  if (challenge === null || challenge.message === null || relyingParty === null)
    throw rejected('no challenge')
  const { purpose, accountId, state, message } = challenge
  return {
    type:
      purpose === 'LINK_IDENTITY' && response.clientData.type !== 'webauthn.get'
        ? 'webauthn.create'
        : 'webauthn.get',
    challenge: challengeIn(message),
    relyingParty,
    userHandle: accountId === null ? null : userHandleFor(accountId),
    isStepUp: purpose === 'STEP_UP',
    requireUserVerification: state?.['userVerification'] === userVerifications.REQUIRED,
  }
}

interface Known {
  readonly ceremony: Ceremony
  readonly known: PasskeyCredential | null
}

type Shown = Pick<ShownIdentity, 'amr' | 'acr' | 'credential'>

const register = async (response: CeremonyResponse, { ceremony, known }: Known): Promise<Shown> => {
  const { userHandle } = ceremony
  if (userHandle === null) throw rejected('a registration without an account')
  // A registration is not signed by the passkey, so it proves nothing about one that exists.
  if (known !== null)
    throw new Failure(
      'CONFLICT',
      'This passkey is registered already. If it is yours, prove it with navigator.credentials.get.',
    )
  const to = await verifyRegistration(response, { ...ceremony, userHandle })
  return { ...strengthOf(to, to.userVerified), credential: { from: null, to } }
}

const prove = async (call: Call, response: CeremonyResponse, { ceremony, known }: Known): Promise<Shown> => {
  if (known === null) throw rejected('unknown credential', 'This passkey is not known here.')
  const data = await verifyAssertion(response, { ...ceremony, known })
  const { principal } = call
  const isWithinStrong = ceremony.isStepUp && principal?.kind === 'session' && principal.acr === 'aal2'
  const isTrusted = known.userVerified || isWithinStrong
  return {
    ...strengthOf(known, data.isUserVerified && isTrusted),
    credential: stepOf(known, {
      ...known,
      counter: data.counter,
      backedUp: data.isBackedUp,
      userVerified: known.userVerified || (isWithinStrong && data.isUserVerified),
    }),
  }
}

/** Null if nothing has changed, as for authenticators that do not count. */
const stepOf = (from: PasskeyCredential, to: PasskeyCredential): ShownIdentity['credential'] =>
  from.counter === to.counter && from.backedUp === to.backedUp && from.userVerified === to.userVerified
    ? null
    : { from, to }

/**
 * RFC 8176: a key in hardware, or one that may be copied to other devices; the test of presence; and more than one
 * factor where the user was verified. By what (PIN, finger, face) an authenticator does not say.
 */
const strengthOf = (
  { backupEligible }: PasskeyCredential,
  isUserVerified: boolean,
): { readonly amr: readonly string[]; readonly acr: Acr } => ({
  amr: [backupEligible ? 'swk' : 'hwk', 'user', ...(isUserVerified ? ['mfa'] : [])],
  acr: isUserVerified ? 'aal2' : 'aal1',
})
