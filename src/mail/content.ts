// The content of a mail before it is put into words: which template, in which language, of which facts.
import type { Locale } from './locale.js'
import type { TemplateName } from './templates.js'

/** A mail that has yet to be put into words. */
export interface MailContent {
  readonly template: TemplateName
  readonly locale: Locale
  readonly facts: Readonly<Record<string, string | number>>
  /** False once nobody can do anything with it any more. */
  readonly isTimely: boolean
  /** Until when that is so at most; null for ever. */
  readonly timelyUntil: Date | null
}
