// The settings of devices.
import { wholeNumber } from '../config/setting.js'

/** Settings of the devices room. */
export const deviceSettings = {
  maxPerAccount: wholeNumber('IDEM_DEVICES_PER_ACCOUNT', 'Devices that an account can register', {
    default: 20,
    least: 1,
    most: 1_000,
  }),
}
