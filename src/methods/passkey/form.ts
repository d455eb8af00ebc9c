// The form of the method `passkey` at the sign-in page: a button, and suggestions in the fields for names.
import type { MethodForm } from '../form.js'

/** The page's script asks for the challenge and the browser for the passkey. */
export const passkeyForm: MethodForm = {
  byScript: true,
  proves: [{ name: 'response', kind: 'script-json', autocomplete: 'off' }],
  words: {
    en: {
      begin: 'Use a passkey',
      title: 'Passkey',
      go: 'Use a passkey',
      explanation: null,
      refused: 'This passkey was not accepted. Perhaps it is not linked to an account here.',
      fields: {},
    },
    de: {
      begin: 'Passkey benutzen',
      title: 'Passkey',
      go: 'Passkey benutzen',
      explanation: null,
      refused: 'Dieser Passkey wurde nicht angenommen. Vielleicht gehört er hier zu keinem Konto.',
      fields: {},
    },
  },
}
