// The form of the method `password` at the sign-in page.
import type { MethodForm } from '../form.js'

/** As a second proof it asks only for the password, because the challenge names the account. */
export const passwordForm: MethodForm = {
  proves: [
    { name: 'login', kind: 'text', autocomplete: 'username webauthn', onlyAlone: true },
    { name: 'password', kind: 'password', autocomplete: 'current-password' },
  ],
  words: {
    en: {
      begin: 'Sign in with a password',
      title: 'Password',
      go: 'Continue',
      explanation: null,
      refused:
        'That name and password do not belong together. After many wrong passwords, sign in another way first.',
      fields: {
        login: {
          label: 'Handle or email address',
          problem: 'Type the handle or the email address of your account.',
        },
        password: { label: 'Password', problem: 'A password has 8 to 256 characters.' },
      },
    },
    de: {
      begin: 'Mit Passwort anmelden',
      title: 'Passwort',
      go: 'Weiter',
      explanation: null,
      refused:
        'Name und Passwort passen nicht zusammen. Nach vielen falschen Passwörtern melden Sie sich erst anders an.',
      fields: {
        login: {
          label: 'Handle oder E-Mail-Adresse',
          problem: 'Geben Sie den Handle oder die E-Mail-Adresse Ihres Kontos ein.',
        },
        password: { label: 'Passwort', problem: 'Ein Passwort hat 8 bis 256 Zeichen.' },
      },
    },
  },
}
