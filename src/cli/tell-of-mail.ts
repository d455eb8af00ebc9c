// Tells that a mail is on its way, and what to do with it.

import type { ChallengeState } from '../client/email-challenge.js'
import { describeMoment } from './describe-moment.js'
import type { Connection } from './invocation.js'

/** `reader` is the address, or in words whose it is. */
export const tellOfMail = (
  { output, machine }: Connection,
  challenge: ChallengeState,
  reader: string,
): void => {
  const { matchCode, expiresAt, retryAfterSeconds } = challenge
  const another =
    retryAfterSeconds === null
      ? ''
      : `\nIf none has come in ${retryAfterSeconds} s, run the command again for another one.`
  output.event(
    { challenge },
    `A mail is on its way to ${reader}. It holds until ${describeMoment(expiresAt, machine.now())}.\n\n` +
      `    Match code: ${matchCode}\n\n` +
      'Paste the code of the mail here; or open its link, and give the match code there.' +
      another,
  )
}
