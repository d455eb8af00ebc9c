// What the sign-in page asks for a method: the fields of its request and of its proof, with their words.
import type { Locale } from '../mail/locale.js'

/** A field of a form, named like that of the method's GraphQL input. */
export interface FormField {
  readonly name: string
  /** What people type; `script` is filled by the page's script, with a text or with JSON. */
  readonly kind: 'text' | 'email' | 'password' | 'code' | 'digits' | 'script' | 'script-json'
  /** The token for browsers and password managers (HTML 4.10.18.7). */
  readonly autocomplete: string
  /** True if the proof may be without it. */
  readonly optional?: true
  /** True if it is left out where a challenge names the account already. */
  readonly onlyAlone?: true
}

/** The words of a field. */
export interface FieldWords {
  readonly label: string
  readonly hint?: string
  /** What is wrong if the method refuses it as malformed. */
  readonly problem: string
}

/** The words of a form. */
export interface FormWords {
  /** The button that begins: it asks for the challenge, or sends the proof of a method without one. */
  readonly begin: string
  /** The heading of the page that asks for the proof after a challenge. */
  readonly title: string
  /** The button that sends the proof after a challenge. */
  readonly go: string
  /** What to do, above the form; null if that is clear. */
  readonly explanation: string | null
  /** What to say if the proof is rejected. */
  readonly refused: string
  /** Of all fields that people fill in. */
  readonly fields: Readonly<Record<string, FieldWords>>
}

/** The form of a method at the sign-in page. */
export interface MethodForm {
  /** The fields with which people ask for a challenge; absent if the proof needs none, or a script asks for it. */
  readonly asks?: readonly FormField[]
  readonly proves: readonly FormField[]
  /** True if the page's script gives the proof, so that the form is shown only where it runs. */
  readonly byScript?: true
  readonly words: Readonly<Record<Locale, FormWords>>
}
