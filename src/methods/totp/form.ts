// The form of the method `totp` at the sign-in page.
import type { MethodForm } from '../form.js'

/** Asked after a first proof. */
export const totpForm: MethodForm = {
  proves: [{ name: 'code', kind: 'digits', autocomplete: 'one-time-code' }],
  words: {
    en: {
      begin: 'Continue',
      title: 'Authenticator app',
      go: 'Continue',
      explanation: null,
      refused: 'That is not the code that your app shows now.',
      fields: {
        code: {
          label: 'Code of your authenticator app',
          problem: 'A code of the app is six digits.',
        },
      },
    },
    de: {
      begin: 'Weiter',
      title: 'Authenticator-App',
      go: 'Weiter',
      explanation: null,
      refused: 'Das ist nicht der Code, den Ihre App gerade zeigt.',
      fields: {
        code: {
          label: 'Code Ihrer Authenticator-App',
          problem: 'Ein Code der App hat sechs Ziffern.',
        },
      },
    },
  },
}
