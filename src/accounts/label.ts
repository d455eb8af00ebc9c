// A label: what an owner calls something of theirs, a key or a device. Shown to people, so it holds what can be read.
import { Failure } from '../failure.js'

/** More does not fit a line of a list. In characters. */
const longest = 100

/** Characters that move the cursor or turn the direction of what stands around them. */
const unreadable = /\p{Control}|\p{Bidi_Control}|\p{Line_Separator}|\p{Paragraph_Separator}/u

/** The label without spaces around it, or null for an empty one. Throws `BAD_USER_INPUT` naming `field`. */
export const parseLabel = (raw: string | null | undefined, field: string): string | null => {
  const label = raw?.trim() ?? ''
  if ([...label].length > longest || unreadable.test(label))
    throw new Failure(
      'BAD_USER_INPUT',
      `${field} must be at most ${longest} characters, all of them readable.`,
      {
        field,
      },
    )
  return label === '' ? null : label
}
