// The forms of the method `email` at the sign-in page: the address, then the code of the mail.
import type { MethodForm } from '../form.js'

/** Without a code, the proof is the link of the mail. */
export const emailForm: MethodForm = {
  asks: [{ name: 'address', kind: 'email', autocomplete: 'email webauthn' }],
  proves: [{ name: 'code', kind: 'code', autocomplete: 'one-time-code', optional: true }],
  words: {
    en: {
      begin: 'Send me a code',
      title: 'Check your mail',
      go: 'Continue',
      explanation:
        'Type the code from the mail here. Or open the link in the mail, type the match code there, and then continue here without a code.',
      refused: 'That is not the code of this mail, and its link has not been confirmed yet.',
      fields: {
        address: { label: 'Email address', problem: 'Type one email address, such as ada@example.org.' },
        code: {
          label: 'Code from the mail',
          problem: 'That is not a whole code. The mail has one of eight letters and digits.',
        },
      },
    },
    de: {
      begin: 'Code zuschicken',
      title: 'Sehen Sie in Ihre Mails',
      go: 'Weiter',
      explanation:
        'Geben Sie hier den Code aus der Mail ein. Oder öffnen Sie den Link in der Mail, geben Sie dort den Abgleichcode ein und fahren Sie dann hier ohne Code fort.',
      refused: 'Das ist nicht der Code dieser Mail, und ihr Link ist noch nicht bestätigt.',
      fields: {
        address: {
          label: 'E-Mail-Adresse',
          problem: 'Geben Sie eine einzelne E-Mail-Adresse ein, etwa ada@example.org.',
        },
        code: {
          label: 'Code aus der Mail',
          problem: 'Das ist kein ganzer Code. In der Mail steht einer aus acht Buchstaben und Ziffern.',
        },
      },
    },
  },
}
