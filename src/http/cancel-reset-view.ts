// The content of the page that cancels a reset, in each language.
import type { Locale } from '../mail/locale.js'
import { timeInWords } from '../mail/words.js'
import type { PasswordResetStatus } from '../password-resets/password-reset.js'
import type { PasswordResetView } from '../password-resets/show-password-reset.js'
import { type ConfirmAnswer, factsOf, type Reader } from './confirmation-view.js'
import { type Html, html } from './page.js'

interface Notice {
  readonly title: string
  readonly text: string
}

interface CancelWords {
  readonly title: string
  readonly meaning: (reset: PasswordResetView, at: { readonly domain: string; readonly time: string }) => Html
  readonly warning: string
  readonly button: string
  /** Where there is nothing to cancel, or no more. */
  readonly notices: Readonly<Record<Exclude<PasswordResetStatus, 'WAITING'> | 'unknown', Notice>>
}

/** A name in bold, isolated from the writing direction of the text around it. */
const name = (text: string): Html => html`<b dir="auto">${text}</b>`

const words: Readonly<Record<Locale, CancelWords>> = {
  en: {
    title: 'Cancel the reset?',
    meaning: ({ accountName }, { domain, time }) =>
      html`Somebody who read a mail to you wants to set a new password for the account of ${name(accountName)} at ${name(domain)}. From ${name(time)} on, one more mailed code will suffice for that. The button below cancels it, and the password stays what it is.`,
    warning:
      'If it was you, close this page. If it was not, somebody else reads your mail: change the password of your mailbox, too.',
    button: 'Cancel the reset',
    notices: {
      CANCELLED: {
        title: 'The reset is cancelled',
        text: 'The password is what it was, and no reset by mail alone can begin for some time. You can close this page.',
      },
      DONE: {
        title: 'The password was reset',
        text: 'It is too late to cancel: the account has a new password. If that was not you, reset it again with a registered device or a recovery code, and change the password of your mailbox.',
      },
      LAPSED: {
        title: 'There is nothing to cancel',
        text: 'Nobody completed the reset in time. The password is what it was.',
      },
      unknown: {
        title: 'We do not know this link',
        text: 'Perhaps a part of it is missing. Copy the whole link from the mail. A session of the account can cancel the reset, too.',
      },
    },
  },
  de: {
    title: 'Zurücksetzen abbrechen?',
    meaning: ({ accountName }, { domain, time }) =>
      html`Jemand, der eine Mail an Sie gelesen hat, möchte für das Konto von ${name(accountName)} bei ${name(domain)} ein neues Passwort setzen. Vom ${name(time)} an genügt dazu ein weiterer Code per Mail. Der Knopf unten bricht das ab, und das Passwort bleibt, wie es ist.`,
    warning:
      'Wenn Sie es waren, schließen Sie diese Seite. Wenn nicht, liest jemand anders Ihre Mails: Ändern Sie auch das Passwort Ihres Postfachs.',
    button: 'Zurücksetzen abbrechen',
    notices: {
      CANCELLED: {
        title: 'Das Zurücksetzen ist abgebrochen',
        text: 'Das Passwort gilt weiter, und für einige Zeit lässt es sich nicht mit Mails allein zurücksetzen. Diese Seite können Sie schließen.',
      },
      DONE: {
        title: 'Das Passwort wurde zurückgesetzt',
        text: 'Zum Abbrechen ist es zu spät: Das Konto hat ein neues Passwort. Wenn Sie das nicht waren, setzen Sie es mit einem eingetragenen Gerät oder einem Wiederherstellungscode noch einmal zurück, und ändern Sie das Passwort Ihres Postfachs.',
      },
      LAPSED: {
        title: 'Es gibt nichts abzubrechen',
        text: 'Niemand hat das Zurücksetzen rechtzeitig abgeschlossen. Das Passwort gilt weiter.',
      },
      unknown: {
        title: 'Diesen Link kennen wir nicht',
        text: 'Vielleicht fehlt ein Teil davon. Kopieren Sie den ganzen Link aus der Mail. Auch eine Sitzung des Kontos kann das Zurücksetzen abbrechen.',
      },
    },
  },
}

const noticeOf = ({ title, text }: Notice, status: number): ConfirmAnswer => ({
  status,
  title,
  body: html`<h1>${title}</h1>\n<p>${text}</p>`,
})

/** The page of a token that we did not issue. */
export const unknownCancelAnswer = ({ locale }: Reader): ConfirmAnswer =>
  noticeOf(words[locale].notices.unknown, 404)

/** The page of a reset, with the form if it can still be cancelled. */
export const cancelAnswer = (
  { locale, domain }: Reader,
  reset: PasswordResetView,
  token: string,
): ConfirmAnswer => {
  const { title, meaning, warning, button, notices } = words[locale]
  const { status, availableAt, device, sourceAddress, begunAt } = reset
  if (status !== 'WAITING') return noticeOf(notices[status], status === 'CANCELLED' ? 200 : 410)
  return {
    status: 200,
    title,
    body: html`<h1>${title}</h1>
<p>${meaning(reset, { domain, time: timeInWords(availableAt, locale) })}</p>
${factsOf(locale, { device, sourceAddress, askedAt: begunAt })}
<p class="careful">${warning}</p>
<form method="post" action="/cancel-reset">
  <input type="hidden" name="token" value="${token}">
  <button>${button}</button>
</form>`,
  }
}
