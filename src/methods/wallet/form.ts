// The form of the method `wallet` at the sign-in page: a button for each wallet that announces itself (EIP-6963).
import type { MethodForm } from '../form.js'

/** The page's script asks for the challenge once the wallet has named its account. */
export const walletForm: MethodForm = {
  byScript: true,
  proves: [{ name: 'signature', kind: 'script', autocomplete: 'off' }],
  words: {
    en: {
      begin: 'Use a wallet',
      title: 'Wallet',
      go: 'Use a wallet',
      explanation: null,
      refused: 'The signature of the wallet was not accepted.',
      fields: {},
    },
    de: {
      begin: 'Wallet benutzen',
      title: 'Wallet',
      go: 'Wallet benutzen',
      explanation: null,
      refused: 'Die Signatur der Wallet wurde nicht angenommen.',
      fields: {},
    },
  },
}
