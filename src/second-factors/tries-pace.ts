// The pace of tries of what completes a first proof, for one account.
import { Pace } from '../throttle/pace.js'

/**
 * The pace of tries over all challenges, sessions and networks (NIST SP 800-63B 3.2.2): 30 at once, then 30 a day. Who
 * has the first proof and guesses for a year finds a code of six digits, of which three are valid at any time, with a
 * chance of 3 %, and tries 11,000 passwords, none of which is a common one.
 */
export const triesPace = new Pace({ windowSeconds: 86_400, perWindow: 30 })
