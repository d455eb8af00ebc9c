// The texts of the sign-in page in each language, but for those that a method brings.
import type { FailureCode } from '../failure.js'
import type { Locale } from '../mail/locale.js'
import { type Html, html } from './page.js'
import type { SignInRequestFault } from './sign-in-request.js'

/** A page without a form. */
interface NoticeWords {
  readonly title: string
  readonly text: string
}

/** What the page's script says. */
export interface ScriptWords {
  readonly working: string
  readonly confirmed: string
  readonly passkeyCancelled: string
  readonly passkeyFailed: string
  readonly walletCancelled: string
  readonly walletFailed: string
  readonly wrongText: string
  readonly unreachable: string
}

/** All texts of the page in one language. */
export interface SignInWords {
  readonly title: string
  /** Where the person comes from, and who asks. */
  readonly purpose: (names: { readonly program: string; readonly domain: string }) => Html
  readonly otherWays: string
  readonly back: string
  readonly secondFactor: NoticeWords
  readonly instead: string
  readonly sentTo: (address: string) => Html
  readonly sentToOwn: string
  readonly undelivered: string
  readonly matchCode: string
  readonly sendAgain: string
  readonly sendAgainIn: (seconds: number) => string
  readonly empty: string
  /** The code, and the seconds after which to try again, or null. */
  readonly refusals: Readonly<Record<'again' | 'expired' | 'spent' | 'suspended' | 'away', string>>
  readonly tooMany: (seconds: number) => string
  readonly notSetUp: NoticeWords
  readonly about: NoticeWords
  readonly faults: Readonly<Record<SignInRequestFault, string>>
  readonly faultTitle: string
  readonly incomplete: NoticeWords
  readonly bug: NoticeWords
  readonly requestId: string
  readonly script: ScriptWords
}

/** The refusals that have a sentence of their own, whichever method is used. */
export const refusalOfCode: Partial<Readonly<Record<FailureCode, keyof SignInWords['refusals']>>> = {
  CHALLENGE_EXPIRED: 'expired',
  CHALLENGE_SPENT: 'spent',
  FORBIDDEN: 'suspended',
  UNAVAILABLE: 'away',
}

/** A name in bold, isolated from the writing direction of the text around it. */
const name = (text: string): Html => html`<b dir="auto">${text}</b>`

const inMinutes = (seconds: number): number => Math.ceil(seconds / 60)

const english: SignInWords = {
  title: 'Sign in',
  purpose: ({ program, domain }) => html`To ${name(program)}, with your account at ${name(domain)}.`,
  otherWays: 'Other ways',
  back: 'Sign in another way',
  secondFactor: {
    title: 'One more step',
    text: 'This account asks for a second proof that it is you.',
  },
  instead: 'Or',
  sentTo: (address) => html`We have sent a mail to ${name(address)}.`,
  sentToOwn: 'We have sent a mail to the address of the account.',
  undelivered: 'The mail could not be delivered. Check the address and begin again.',
  matchCode: 'Match code',
  sendAgain: 'Send another mail',
  sendAgainIn: (seconds) =>
    seconds <= 90
      ? `Nothing there? You can ask for another mail in ${seconds} seconds.`
      : `Nothing there? You can ask for another mail in ${inMinutes(seconds)} minutes.`,
  empty: 'Fill in this field.',
  refusals: {
    again: 'That did not work. Try again.',
    expired: 'That took too long. Begin again.',
    spent: 'This has been used, or was tried too often. Begin again.',
    suspended: 'This account is suspended. Ask whoever runs this service.',
    away: 'We cannot answer just now. Try again in a few seconds.',
  },
  tooMany: (seconds) =>
    seconds <= 90
      ? `Too many attempts. Try again in ${seconds} seconds.`
      : `Too many attempts. Try again in ${inMinutes(seconds)} minutes.`,
  notSetUp: {
    title: 'The sign-in page is not set up',
    text: 'Whoever runs this service lists in IDEM_RETURN_URLS the URLs to which this page may send people back. None is listed yet.',
  },
  about: {
    title: 'The sign-in page',
    text: 'Apps send people here to sign in. Open the app to which you want to sign in, and begin there.',
  },
  faultTitle: 'This sign-in cannot begin',
  faults: {
    returnUrl:
      'The app named no URL to return to (return_url), or one that is not listed in IDEM_RETURN_URLS of this service, letter for letter. You have been sent nowhere.',
    state: 'The app gave no state of at most 512 printable ASCII characters.',
    codeChallenge: 'The app gave no code_challenge: the SHA-256 of its verifier in base64url.',
    codeChallengeMethod: 'The app gave no code_challenge_method of S256.',
  },
  incomplete: {
    title: 'Something is missing',
    text: 'The form did not arrive as a whole. Go back to the app and begin again.',
  },
  bug: {
    title: 'Something went wrong',
    text: 'The fault is ours. Go back to the app and begin again; when you report this, quote the number below.',
  },
  requestId: 'Request',
  script: {
    working: 'Waiting for your device …',
    confirmed: 'Confirmed. Going on …',
    passkeyCancelled: 'No passkey was given. Try again, or sign in another way.',
    passkeyFailed: 'This browser could not use a passkey here.',
    walletCancelled: 'The wallet signed nothing. Try again, or sign in another way.',
    walletFailed: 'The wallet could not sign.',
    wrongText: 'The text to sign is not what was asked for, so nothing was signed.',
    unreachable: 'The service cannot be reached just now. Try again.',
  },
}

const german: SignInWords = {
  title: 'Anmelden',
  purpose: ({ program, domain }) => html`Bei ${name(program)}, mit Ihrem Konto bei ${name(domain)}.`,
  otherWays: 'Andere Wege',
  back: 'Anders anmelden',
  secondFactor: {
    title: 'Noch ein Schritt',
    text: 'Dieses Konto verlangt einen zweiten Nachweis, dass Sie es sind.',
  },
  instead: 'Oder',
  sentTo: (address) => html`Wir haben eine Mail an ${name(address)} geschickt.`,
  sentToOwn: 'Wir haben eine Mail an die Adresse des Kontos geschickt.',
  undelivered:
    'Die Mail konnte nicht zugestellt werden. Prüfen Sie die Adresse und beginnen Sie noch einmal.',
  matchCode: 'Abgleichcode',
  sendAgain: 'Noch eine Mail schicken',
  sendAgainIn: (seconds) =>
    seconds <= 90
      ? `Nichts angekommen? In ${seconds} Sekunden können Sie noch eine Mail anfordern.`
      : `Nichts angekommen? In ${inMinutes(seconds)} Minuten können Sie noch eine Mail anfordern.`,
  empty: 'Füllen Sie dieses Feld aus.',
  refusals: {
    again: 'Das hat nicht geklappt. Versuchen Sie es noch einmal.',
    expired: 'Das hat zu lange gedauert. Beginnen Sie noch einmal.',
    spent: 'Das wurde schon benutzt oder zu oft versucht. Beginnen Sie noch einmal.',
    suspended: 'Dieses Konto ist gesperrt. Fragen Sie, wer diesen Dienst betreibt.',
    away: 'Wir können gerade nicht antworten. Versuchen Sie es in ein paar Sekunden noch einmal.',
  },
  tooMany: (seconds) =>
    seconds <= 90
      ? `Zu viele Versuche. Versuchen Sie es in ${seconds} Sekunden noch einmal.`
      : `Zu viele Versuche. Versuchen Sie es in ${inMinutes(seconds)} Minuten noch einmal.`,
  notSetUp: {
    title: 'Die Anmeldeseite ist nicht eingerichtet',
    text: 'Wer diesen Dienst betreibt, nennt in IDEM_RETURN_URLS die URLs, zu denen diese Seite zurückschicken darf. Noch ist keine genannt.',
  },
  about: {
    title: 'Die Anmeldeseite',
    text: 'Apps schicken Leute zum Anmelden hierher. Öffnen Sie die App, bei der Sie sich anmelden möchten, und beginnen Sie dort.',
  },
  faultTitle: 'Diese Anmeldung kann nicht beginnen',
  faults: {
    returnUrl:
      'Die App hat keine URL für den Rückweg genannt (return_url), oder eine, die nicht Buchstabe für Buchstabe in IDEM_RETURN_URLS dieses Dienstes steht. Sie wurden nirgendwohin geschickt.',
    state: 'Die App hat keinen state aus höchstens 512 druckbaren ASCII-Zeichen mitgegeben.',
    codeChallenge: 'Die App hat keine code_challenge mitgegeben: den SHA-256 ihres Verifiers in base64url.',
    codeChallengeMethod: 'Die App hat keine code_challenge_method S256 mitgegeben.',
  },
  incomplete: {
    title: 'Da fehlt etwas',
    text: 'Das Formular ist nicht vollständig angekommen. Gehen Sie zurück zur App und beginnen Sie noch einmal.',
  },
  bug: {
    title: 'Etwas ist schiefgegangen',
    text: 'Der Fehler liegt bei uns. Gehen Sie zurück zur App und beginnen Sie noch einmal; wenn Sie den Fehler melden, nennen Sie die Nummer unten.',
  },
  requestId: 'Anfrage',
  script: {
    working: 'Ihr Gerät ist dran …',
    confirmed: 'Bestätigt. Es geht weiter …',
    passkeyCancelled: 'Es kam kein Passkey. Versuchen Sie es noch einmal, oder melden Sie sich anders an.',
    passkeyFailed: 'Dieser Browser konnte hier keinen Passkey benutzen.',
    walletCancelled:
      'Die Wallet hat nichts signiert. Versuchen Sie es noch einmal, oder melden Sie sich anders an.',
    walletFailed: 'Die Wallet konnte nicht signieren.',
    wrongText: 'Der Text zum Signieren ist nicht der erbetene. Es wurde nichts signiert.',
    unreachable: 'Der Dienst ist gerade nicht erreichbar. Versuchen Sie es noch einmal.',
  },
}

/** The texts of the page by language. */
export const signInWords: Readonly<Record<Locale, SignInWords>> = { en: english, de: german }
