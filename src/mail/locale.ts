// A locale: a language of mails, and the choice of one for a reader.

/** The languages with templates; the first is the default. */
export const locales = ['en', 'de'] as const

/** One of them, as a language subtag (RFC 5646 2.2.1). */
export type Locale = (typeof locales)[number]

/** Longer headers are cut; browsers send much shorter ones. In characters. */
const longestHeader = 512

/** A language with its weight; null if the weight is malformed (RFC 9110 12.4.2, 12.5.4). */
const languageRange = /^([a-z]{1,8}|\*)(?:-[a-z0-9]{1,8})*\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i

/** True for a language with templates. */
export const isLocale = (text: string): text is Locale => locales.some((locale) => locale === text)

/** The preferred locale of an `Accept-Language`; English if it names no language with templates. */
export const chooseLocale = (acceptLanguage: string | undefined): Locale => {
  let chosen: Locale = locales[0]
  let highest = 0
  for (const entry of (acceptLanguage ?? '').slice(0, longestHeader).split(',')) {
    const [, language, weight] = languageRange.exec(entry.trim()) ?? []
    if (language === undefined) continue
    const locale = language === '*' ? locales[0] : language.toLowerCase()
    // Of equal weights, the first one counts.
    if (!isLocale(locale) || Number(weight ?? 1) <= highest) continue
    chosen = locale
    highest = Number(weight ?? 1)
  }
  return chosen
}
