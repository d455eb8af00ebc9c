// The one list of methods.

import type { HeldSecrets } from '../challenges/held-secrets.js'
import { Failure } from '../failure.js'
import type { Random } from '../runtime/random.js'
import { createAnonymousMethod } from './anonymous/method.js'
import { createEmailMethod } from './email/method.js'
import { createKeyMethod } from './key/method.js'
import type { Method } from './method.js'

/** What methods are made with. */
export interface MethodsOptions {
  readonly random: Random
  readonly heldSecrets: HeldSecrets
}

/** Every way to prove who one is. A new one is a folder and a line here. */
export const createMethods = (options: MethodsOptions): readonly Method[] => [
  createAnonymousMethod(options.random),
  createKeyMethod(),
  createEmailMethod(options.heldSecrets),
]

/** One input of a method: `{ key: { … } }` as `@oneOf` delivers it. */
export type OneOf = Readonly<Record<string, object | undefined>>

/** The method that a one-of input names, and its value. The schema sees to it that there is exactly one. */
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
