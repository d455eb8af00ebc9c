// The list of methods.
import type { Challenge } from '../challenges/challenge.js'
import { assertNever, Failure } from '../failure.js'
import type { MethodVocabulary } from '../mail/words.js'
import { anonymousMethod } from './anonymous/method.js'
import { emailMethod } from './email/method.js'
import { keyMethod } from './key/method.js'
import { loginMethod } from './login/method.js'
import type { Method, MethodDefinition, MethodNeeds } from './method.js'
import type { MethodDescription } from './method-description.js'
import { passkeyMethod } from './passkey/method.js'
import { passwordMethod } from './password/method.js'
import { recoveryCodeMethod } from './recovery-code/method.js'
import { totpMethod } from './totp/method.js'
import { walletMethod } from './wallet/method.js'

/** All methods. A new one is a folder and a line here. */
export const methodDefinitions: readonly MethodDefinition[] = [
  anonymousMethod,
  keyMethod,
  emailMethod,
  walletMethod,
  passwordMethod,
  passkeyMethod,
  loginMethod,
  totpMethod,
  recoveryCodeMethod,
]

/** Makes the methods from their definitions. */
export const createMethods = (
  definitions: readonly MethodDefinition[],
  needs: MethodNeeds,
): readonly Method[] =>
  definitions.map((definition): Method => {
    switch (definition.kind) {
      case 'identity':
        return { ...definition, ...definition.create(needs) }
      case 'second_factor':
        return { ...definition, ...definition.create(needs) }
      case 'handover':
        return { ...definition, ...definition.create(needs) }
      default:
        return assertNever(definition)
    }
  })

/** The methods' names in words, by name. */
export const vocabularyOf = (descriptions: readonly MethodDescription[]): MethodVocabulary =>
  new Map(
    descriptions.map(({ name, words, ...method }) => [
      name,
      { words, showsSubject: method.kind === 'identity' && method.showsSubject },
    ]),
  )

/** One input of a method: `{ key: { … } }` as `@oneOf` delivers it. */
export type OneOf = Readonly<Record<string, object | undefined>>

/** The method that a one-of input names, and its value. The schema guarantees that there is exactly one. */
export const pickMethod = (
  methods: readonly Method[],
  input: OneOf,
): { readonly method: Method; readonly value: object } => {
  for (const method of methods) {
    const value = input[method.name]
    if (value !== undefined && value !== null) return { method, value }
  }
  throw new Failure('BAD_USER_INPUT', 'Name exactly one method.', { field: 'input' })
}

/** True for a challenge that completes a first proof, or asks for a second factor alone. */
export const isOfSecondFactor = (
  methods: readonly Method[],
  { firstFactor, method }: Pick<Challenge, 'firstFactor' | 'method'>,
): boolean =>
  firstFactor !== null || methods.some(({ kind, name }) => kind === 'second_factor' && name === method)

/**
 * The methods in the order in which they complete a first proof: the second factors proper, then identities, and what
 * stands in for the others last, because it is used up.
 */
export const completingOrder = (methods: readonly Method[]): readonly Method[] => {
  const rank = (method: Method): number =>
    method.kind !== 'second_factor' ? 1 : method.standsIn === undefined ? 0 : 2
  return methods.toSorted((one, other) => rank(one) - rank(other))
}
