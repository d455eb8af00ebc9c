// Texts of mails beside the templates: moments, methods and identities, by locale.
import type { Locale } from './locale.js'

/** British English, because it has the day before the month and a 24-hour clock. */
const formatOf: Readonly<Record<Locale, Intl.DateTimeFormat>> = {
  en: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
  de: new Intl.DateTimeFormat('de-DE', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
}

/** A moment in UTC to the minute, marked as UTC, because the reader's time zone is unknown. */
export const timeInWords = (at: Date, locale: Locale): string => `${formatOf[locale].format(at)} UTC`

/** The names of a method in one language. */
export interface MethodWording {
  /** The method without an article: `Ed25519 key`. */
  readonly name: string
  /** An identity with an article: `the Ed25519 key`; its subject may follow. */
  readonly identity: string
}

/** The names of a method in each language. */
export type MethodWords = Readonly<Record<Locale, MethodWording>>

/** The properties of a method that mails use. */
export interface MethodInMails {
  readonly words: MethodWords
  /** True if the subject identifies the identity for its owner: a key or an address; false for a hash. */
  readonly showsSubject: boolean
}

/** The properties of every method, by name. */
export type MethodVocabulary = ReadonlyMap<string, MethodInMails>

/** A method in words; its internal name if the vocabulary has none. */
export const methodInWords = (vocabulary: MethodVocabulary, method: string, locale: Locale): string =>
  vocabulary.get(method)?.words[locale].name ?? method

/** An identity in words: its method, and its subject if that identifies it for the owner. */
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

/** Why a webhook endpoint was disabled, in each language. */
const disabledWords = {
  GONE: {
    en: 'it answered 410 Gone: it wants no more events',
    de: 'es hat mit 410 Gone geantwortet: es will keine Ereignisse mehr',
  },
  FAILING: {
    en: 'nothing that was sent to it for five days was taken',
    de: 'es hat fünf Tage lang nichts angenommen',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<Locale, string>>>>

/** Why a webhook endpoint was disabled; empty for a cause that is not told. */
export const disabledInWords = (because: string, locale: Locale): string =>
  because === 'GONE' || because === 'FAILING' ? disabledWords[because][locale] : ''

const unknownDevice: Readonly<Record<Locale, string>> = { en: 'unknown', de: 'unbekannt' }

/** A device by its name, or a text that it is unknown. */
export const deviceInWords = (name: string | null, locale: Locale): string => name || unknownDevice[locale]
