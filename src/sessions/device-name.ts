// What a person calls a device, out of what the device calls itself.
import Bowser from 'bowser'

/** A browser, and the system that it runs on. */
export interface BrowserOnSystem {
  readonly browser: string
  readonly system: string
}

/** Where Bowser knows no browser it takes words out of the user agent, which are whatever its sender likes. */
const [knownBrowsers, knownSystems] = [Bowser.BROWSER_MAP, Bowser.OS_MAP].map(
  (map) => new Set(Object.values(map)),
)

/** The browser that a user agent tells of, each name one of a closed list, or null. Takes about 50 µs. */
export const browserOf = (device: string): BrowserOnSystem | null => {
  const {
    browser: { name: browser },
    os: { name: system },
  } = Bowser.parse(device)
  const isKnown = knownBrowsers?.has(browser ?? '') === true && knownSystems?.has(system ?? '') === true
  return isKnown && browser !== undefined && system !== undefined ? { browser, system } : null
}

/** A browser's user agent in English words; any other name as the client gave it. Takes about 50 µs. */
export const deviceNameOf = (device: string): string => {
  const found = browserOf(device)
  return found ? `${found.browser} on ${found.system}` : device
}

/** A product and its major version (RFC 9110 10.1.5): one or two words, and too few digits for a number to call or an address. */
const product = /^([A-Za-z]{1,20}(?:-[A-Za-z]{1,20})?)(?:\/(\d{1,3})(?:\.\d{1,6})*)?(?=$| )/

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
