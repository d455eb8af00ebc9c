// Words of mails that are no template: moments, methods and identities, by locale.
import type { Locale } from './locale.js'

/** British English writes the day before the month, as German does, and has no a.m. */
const formatOf: Readonly<Record<Locale, Intl.DateTimeFormat>> = {
  en: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
  de: new Intl.DateTimeFormat('de-DE', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
}

/** A moment to the minute in UTC, and says so: nobody knows the reader's own zone. */
export const timeInWords = (at: Date, locale: Locale): string => `${formatOf[locale].format(at)} UTC`

/** What the methods are called, by their `name`. */
export const methodNames: Readonly<Record<Locale, Readonly<Record<string, string>>>> = {
  en: { anonymous: 'guest device', key: 'Ed25519 key', email: 'email address' },
  de: { anonymous: 'Gastgerät', key: 'Ed25519-Schlüssel', email: 'E-Mail-Adresse' },
}

/** The same with their article. */
const methodNouns: Readonly<Record<Locale, Readonly<Record<string, string>>>> = {
  en: { anonymous: 'a guest device', key: 'the Ed25519 key', email: 'the address' },
  de: { anonymous: 'ein Gastgerät', key: 'der Ed25519-Schlüssel', email: 'die Adresse' },
}

/** The name of a method; its own name for one without words. */
export const methodInWords = (method: string, locale: Locale): string => methodNames[locale][method] ?? method

/**
 * An identity: its method and what tells it from others of it, such as a key's fingerprint or an address; null where
 * nothing does.
 */
export const identityInWords = (method: string, mark: string | null, locale: Locale): string =>
  [methodNouns[locale][method] ?? method, ...(mark === null ? [] : [mark])].join(' ')

const unknownDevice: Readonly<Record<Locale, string>> = { en: 'unknown', de: 'unbekannt' }

/** A device by its name; says that it is unknown where it has none. */
export const deviceInWords = (name: string | null, locale: Locale): string => name || unknownDevice[locale]
