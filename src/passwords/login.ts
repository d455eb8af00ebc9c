// A login: the handle or the verified address by which the owner of a password is found.
import { parseHandle } from '../accounts/handle.js'
import { Failure } from '../failure.js'
import { parseAddress } from '../mail/address.js'

/** A handle or an address in its canonical form. */
export type Login =
  | { readonly kind: 'handle'; readonly name: string }
  | { readonly kind: 'address'; readonly name: string }

/** Parses what was typed, by the rules of handles and addresses. `BAD_USER_INPUT` for what is neither. */
export const parseLogin = (raw: string, field: string): Login => {
  const kind = raw.includes('@') ? 'address' : 'handle'
  try {
    return { kind, name: kind === 'address' ? parseAddress(raw, field) : parseHandle(raw, field) }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    // The rules of new handles do not help here.
    throw new Failure('BAD_USER_INPUT', 'Give your handle, or one of your verified email addresses.', {
      field,
      reason: error.message,
    })
  }
}
