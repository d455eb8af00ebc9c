// Lists the methods whose proofs may answer a challenge: its own, and those that stand in for a second factor.
import type { Challenge } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'
import type { Method } from '../methods/method.js'
import { isOfSecondFactor } from '../methods/registry.js'

/** What `listAnsweringMethods` works with. */
export interface ListAnsweringMethodsNeeds {
  readonly methods: readonly Method[]
}

/** The names of the methods, that of the challenge first. Reads only for a challenge of a second factor. */
export const listAnsweringMethods = async (
  call: Call,
  challenge: Challenge,
  { methods }: ListAnsweringMethodsNeeds,
): Promise<readonly string[]> => {
  const names = [challenge.method]
  const { accountId } = challenge
  if (accountId === null || !isOfSecondFactor(methods, challenge)) return names
  for (const method of methods) {
    if (method.kind !== 'second_factor' || method.name === challenge.method) continue
    if ((await method.standsIn?.(call, accountId)) === true) names.push(method.name)
  }
  return names
}
