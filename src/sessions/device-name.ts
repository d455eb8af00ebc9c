// What a person calls a device, out of what the device calls itself.
import Bowser from 'bowser'

/** A browser, and the system that it runs on. */
export interface BrowserOnSystem {
  readonly browser: string
  readonly system: string
}

/** The browser that a user agent tells of, or null for any other name. Takes about 50 µs. */
export const browserOf = (device: string): BrowserOnSystem | null => {
  const { browser, os } = Bowser.parse(device)
  return browser.name && os.name ? { browser: browser.name, system: os.name } : null
}

/** A browser's user agent in English words; any other name as the client gave it. Takes about 50 µs. */
export const deviceNameOf = (device: string): string => {
  const found = browserOf(device)
  return found ? `${found.browser} on ${found.system}` : device
}

/** A product and its version (RFC 9110 10.1.5): without dots in the name, so that no mail program takes it for a link. */
const product = /^([A-Za-z][\w-]{0,30})(?:\/(\d[\d.]{0,12}))?(?![\w.])/

/**
 * The same for a stranger's eyes: whoever asks for a mail to somebody else's address must not write into it. A browser
 * by its name, another program by its product and version, anything else is null.
 */
export const trustedDeviceNameOf = (device: string): string | null => {
  const found = browserOf(device)
  if (found) return `${found.browser} on ${found.system}`
  const [, name, version] = product.exec(device) ?? []
  return name === undefined ? null : [name, version].filter(Boolean).join(' ')
}
