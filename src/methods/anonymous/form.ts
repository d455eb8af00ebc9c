// The form of the method `anonymous` at the sign-in page: a button.
import type { MethodForm } from '../form.js'

/** Without a device secret: the page keeps nothing in the browser, so each guest of it is a new one. */
export const anonymousForm: MethodForm = {
  proves: [],
  words: {
    en: {
      begin: 'Continue as a guest',
      title: 'Guest',
      go: 'Continue as a guest',
      explanation: null,
      refused: 'You cannot continue as a guest just now.',
      fields: {},
    },
    de: {
      begin: 'Als Gast fortfahren',
      title: 'Gast',
      go: 'Als Gast fortfahren',
      explanation: null,
      refused: 'Sie können gerade nicht als Gast fortfahren.',
      fields: {},
    },
  },
}
