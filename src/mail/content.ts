// The content of a mail before its text is rendered: template, language and facts.
import type { Locale } from './locale.js'
import type { TemplateName } from './templates.js'

/** A mail before it is rendered. */
export interface MailContent {
  readonly template: TemplateName
  readonly locale: Locale
  readonly facts: Readonly<Record<string, string | number>>
  /** False if the mail is of no use any more. */
  readonly isTimely: boolean
  /** The latest time until which it is of use; null for no limit. */
  readonly timelyUntil: Date | null
}
