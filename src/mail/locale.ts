// A locale: a language that mails are written in, and which of them a reader wants.

/** The languages that there are templates for; the first is for readers of any other. */
export const locales = ['en', 'de'] as const

/** One of them, as a language subtag (RFC 5646 2.2.1). */
export type Locale = (typeof locales)[number]

/** What browsers send fits many times; the rest is cut. In characters. */
const longestHeader = 512

/** One language and how much it is wanted; a weight without form makes none (RFC 9110 12.4.2, 12.5.4). */
const languageRange = /^([a-z]{1,8}|\*)(?:-[a-z0-9]{1,8})*\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i

/** True for a language that there are templates for. */
export const isLocale = (text: string): text is Locale => locales.some((locale) => locale === text)

/** The locale that a reader with this `Accept-Language` wants most; English when it names none of ours. */
export const chooseLocale = (acceptLanguage: string | undefined): Locale => {
  let chosen: Locale = locales[0]
  let highest = 0
  for (const entry of (acceptLanguage ?? '').slice(0, longestHeader).split(',')) {
    const [, language, weight] = languageRange.exec(entry.trim()) ?? []
    if (language === undefined) continue
    const locale = language === '*' ? locales[0] : language.toLowerCase()
    // Of equals the first counts.
    if (!isLocale(locale) || Number(weight ?? 1) <= highest) continue
    chosen = locale
    highest = Number(weight ?? 1)
  }
  return chosen
}
