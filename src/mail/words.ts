// Words of mails that are no template: moments, methods and identities, by locale.
import type { Locale } from './locale.js'

/** British English writes the day before the month, as German does, and has no a.m. */
const formatOf: Readonly<Record<Locale, Intl.DateTimeFormat>> = {
  en: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
  de: new Intl.DateTimeFormat('de-DE', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
}

/** A moment to the minute in UTC, and says so: nobody knows the reader's own zone. */
export const timeInWords = (at: Date, locale: Locale): string => `${formatOf[locale].format(at)} UTC`

/** What a method is called in one language. */
export interface MethodWording {
  /** The method, without an article: `Ed25519 key`. */
  readonly name: string
  /** An identity of it, with its article: `the Ed25519 key`; what tells it from others follows. */
  readonly identity: string
}

/** What a method is called in each language. */
export type MethodWords = Readonly<Record<Locale, MethodWording>>

/** What mails need to know of a method. */
export interface MethodInMails {
  readonly words: MethodWords
  /** True where the subject tells the owner which identity it is: a key, an address; false for a hash. */
  readonly showsSubject: boolean
}

/** What mails need to know of every method, by its name. */
export type MethodVocabulary = ReadonlyMap<string, MethodInMails>

/** The name of a method in words; its own name where the vocabulary has none. */
export const methodInWords = (vocabulary: MethodVocabulary, method: string, locale: Locale): string =>
  vocabulary.get(method)?.words[locale].name ?? method

/** An identity in words: its method, and its subject where that tells its owner which one it is. */
export const identityInWords = (
  vocabulary: MethodVocabulary,
  identity: { readonly method: string; readonly subject: string },
  locale: Locale,
): string => {
  const { method, subject } = identity
  const known = vocabulary.get(method)
  const noun = known?.words[locale].identity ?? method
  return known?.showsSubject === false || subject === '' ? noun : `${noun} ${subject}`
}

const unknownDevice: Readonly<Record<Locale, string>> = { en: 'unknown', de: 'unbekannt' }

/** A device by its name; says that it is unknown where it has none. */
export const deviceInWords = (name: string | null, locale: Locale): string => name || unknownDevice[locale]
