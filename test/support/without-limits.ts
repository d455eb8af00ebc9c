// Settings without limits of the throttle, for tests that ask more than anybody may: also without those yet to come.
import { mailSettings } from '../../src/mail/settings.js'
import { throttleSettings } from '../../src/throttle/settings.js'

const limits = Object.values({ ...throttleSettings, ...mailSettings })
  .map(({ variable }) => variable)
  .filter((variable) => /^IDEM_THROTTLE_.*_PER_/.test(variable))

/** Every limit as high as it can be. */
export const withoutLimits: Readonly<Record<string, string>> = Object.fromEntries(
  limits.map((variable) => [variable, '1000000000']),
)
