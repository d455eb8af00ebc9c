// Merges as clients make them: what `linkIdentity` tells of another account, and the decision upon a plan.
import type { Answer, TestService } from './start-service.js'

/** What `linkIdentity` answers where the identity leads to another account. */
export const otherAccountFields = `tokens { accessToken refreshToken } secondFactor { id method }
  merge { id survivorId absorbedId rule why mergedAt undoableUntil undoneAt proofs { side identityId method amr at } }
  mergePlan { ticket expiresAt rule why survivor { accountId kind handle displayName createdAt identities devices }
    absorbed { accountId handle } moves { what count } conflicts { field survivorValue absorbedValue } }`

/** What is chosen. */
export interface MergeChoices {
  readonly survivor?: string
  readonly resolutions?: readonly { readonly field: string; readonly from: string }[]
}

/** Decides upon a plan. */
export const tryMerge = async (
  idem: TestService,
  accessToken: string,
  ticket: string,
  choices: MergeChoices = {},
): Promise<Answer> =>
  await idem.askAs(
    accessToken,
    `mutation ($input: MergeAccountsInput!) { mergeAccounts(input: $input) {
      id survivorId absorbedId rule why proofs { side method } } }`,
    { input: { ticket, ...choices } },
  )
