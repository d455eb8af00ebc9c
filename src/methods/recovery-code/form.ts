// The form of the method `recoveryCode` at the sign-in page.
import type { MethodForm } from '../form.js'

/** Asked beside any second factor, where the account has codes. */
export const recoveryCodeForm: MethodForm = {
  proves: [{ name: 'code', kind: 'code', autocomplete: 'off' }],
  words: {
    en: {
      begin: 'Use the recovery code',
      title: 'Recovery code',
      go: 'Use the recovery code',
      explanation: null,
      refused: 'That is none of the recovery codes that are left.',
      fields: {
        code: {
          label: 'One of your recovery codes',
          problem: 'A recovery code is 16 letters and digits, as you have written it down.',
        },
      },
    },
    de: {
      begin: 'Wiederherstellungscode benutzen',
      title: 'Wiederherstellungscode',
      go: 'Wiederherstellungscode benutzen',
      explanation: null,
      refused: 'Das ist keiner der Wiederherstellungscodes, die noch übrig sind.',
      fields: {
        code: {
          label: 'Einer Ihrer Wiederherstellungscodes',
          problem: 'Ein Wiederherstellungscode hat 16 Buchstaben und Ziffern, wie Sie ihn notiert haben.',
        },
      },
    },
  },
}
