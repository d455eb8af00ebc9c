// The name of a device in words, from its user agent.
import Bowser from 'bowser'

/** A browser and its operating system. */
export interface BrowserOnSystem {
  readonly browser: string
  readonly system: string
}

/** The names that Bowser knows. For unknown browsers it returns words of the user agent, which the sender controls. */
const [knownBrowsers, knownSystems] = [Bowser.BROWSER_MAP, Bowser.OS_MAP].map(
  (map) => new Set(Object.values(map)),
)

/** The browser and system of a user agent, both from closed lists; null if unknown. Takes about 50 µs. */
export const browserOf = (device: string): BrowserOnSystem | null => {
  // Reads nothing before it is asked for, as the engine and the kind of device are not.
  const parser = Bowser.getParser(device, true)
  const [browser, system] = [parser.getBrowserName(), parser.getOSName()]
  const isKnown = knownBrowsers?.has(browser ?? '') === true && knownSystems?.has(system ?? '') === true
  return isKnown ? { browser, system } : null
}

/** A browser's user agent in English words; any other user agent as it is. Takes about 50 µs. */
export const deviceNameOf = (device: string): string => {
  const found = browserOf(device)
  return found ? `${found.browser} on ${found.system}` : device
}

/**
 * A product and its major version (RFC 9110 10.1.5), limited so that no phone number or address can be written as one.
 */
const product = /^([A-Za-z]{1,20}(?:-[A-Za-z]{1,20})?)(?:\/(\d{1,3})(?:\.\d{1,6})*)?(?=$| )/

/**
 * The same without free text, for mails to addresses that may belong to somebody else: a caller must not be able to
 * write into them. A browser by its name, another program by product and version, otherwise null.
 */
export const trustedDeviceNameOf = (device: string): string | null => {
  const found = browserOf(device)
  if (found) return `${found.browser} on ${found.system}`
  const [, name, version] = product.exec(device) ?? []
  return name === undefined ? null : [name, version].filter(Boolean).join(' ')
}
