// The settings of authentication.
import { isLoopback } from '../config/loopback.js'
import { SettingProblem, text } from '../config/setting.js'

/** Settings of the authentication room. */
export const authenticationSettings = {
  isOn: text('IDEM_AUTHENTICATION', 'Whether authentication is required (on, off); off only in development', {
    defaultText: 'on',
    parse: (raw, { production, other }): boolean => {
      if (raw === undefined || raw === 'on') return true
      if (raw !== 'off') throw new SettingProblem(`must be on or off, not "${raw}"`)
      if (production)
        throw new SettingProblem('must be on in production: without it anybody is whoever they say')
      const host = other('IDEM_HOST') ?? '127.0.0.1'
      if (!isLoopback(host))
        throw new SettingProblem(
          `can be off only where nobody else connects: IDEM_HOST is ${host}, not 127.0.0.1`,
        )
      const publicUrl = other('IDEM_PUBLIC_URL')
      if (publicUrl !== undefined && !(URL.canParse(publicUrl) && isLoopback(new URL(publicUrl).hostname)))
        throw new SettingProblem('can be off only where IDEM_PUBLIC_URL is of this machine, or not set')
      return false
    },
  }),
}
