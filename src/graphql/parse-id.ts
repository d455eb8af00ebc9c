// Parses ids in requests.
import { Failure } from '../failure.js'

const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A UUID in lower case; `BAD_USER_INPUT` naming `field` for any other text. */
export const parseId = (raw: string, field = 'id'): string => {
  if (!form.test(raw))
    throw new Failure('BAD_USER_INPUT', 'The id is not one of ours: it must be a UUID.', { field })
  return raw.toLowerCase()
}
