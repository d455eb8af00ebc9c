// The texts of the confirm page in each language.
import type { MailedAct } from '../challenges/challenge.js'
import type { Locale } from '../mail/locale.js'
import type { BrowserOnSystem } from '../sessions/device-name.js'
import { type Html, html } from './page.js'

/** What is confirmed. */
export interface ConfirmSubject {
  /** The host of this installation. */
  readonly domain: string
  readonly emailAddress: string
  /** The name of the account; null if it has none or does not exist yet. */
  readonly accountName: string | null
}

/** The text of a page without a form. */
export type ConfirmNotice =
  | 'confirmed'
  | 'burnt'
  | 'spent'
  | 'expired'
  | 'unknown'
  | 'incomplete'
  | 'tooManyTries'
  | 'unavailable'
  | 'bug'

interface ActWords {
  readonly title: string
  /** The text of the button. */
  readonly meaning: (subject: ConfirmSubject) => Html
  readonly button: string
}

/** All texts of the page in one language. */
export interface ConfirmWords {
  readonly acts: Readonly<Record<MailedAct, ActWords>>
  readonly device: string
  readonly sourceAddress: string
  readonly askedAt: string
  readonly unknownDevice: string
  readonly browserOn: (found: BrowserOnSystem) => string
  readonly warning: string
  readonly matchCode: string
  readonly matchCodeHint: string
  readonly noMatchCode: string
  readonly wrongMatchCode: (triesLeft: number) => string
  readonly notices: Readonly<Record<ConfirmNotice, { readonly title: string; readonly text: string }>>
  readonly requestId: string
}

/** A name in bold, isolated from the writing direction of the text around it. */
const name = (text: string): Html => html`<b dir="auto">${text}</b>`

const english: ConfirmWords = {
  acts: {
    SIGN_IN: {
      title: 'Sign in?',
      meaning: ({ domain, emailAddress }) =>
        html`The button below signs in to ${name(domain)} as ${name(emailAddress)} on the device that asked:`,
      button: 'Sign in on that device',
    },
    LINK_IDENTITY: {
      title: 'Add this address?',
      meaning: ({ domain, emailAddress, accountName }) =>
        html`The button below joins the address ${name(emailAddress)} to ${accountName === null ? 'the account' : html`the account of ${name(accountName)}`} at ${name(domain)} that is signed in on the device that asked. The address then opens that account.`,
      button: 'Join the address to that account',
    },
    STEP_UP: {
      title: 'Is it you?',
      meaning: ({ domain, emailAddress, accountName }) =>
        html`The button below proves to ${name(domain)} that ${name(emailAddress)} is at the device that asked, just now. It may then change what protects ${accountName === null ? 'your account' : html`the account of ${name(accountName)}`}.`,
      button: 'Yes, it is me',
    },
    SECOND_FACTOR: {
      title: 'Is it you?',
      meaning: ({ domain, emailAddress, accountName }) =>
        html`Somebody has given a first proof of ${accountName === null ? 'your account' : html`the account of ${name(accountName)}`} at ${name(domain)}. The button below gives the second one, by the address ${name(emailAddress)}, for the device that asked:`,
      button: 'Yes, it is me',
    },
    RESET_PASSWORD: {
      title: 'Reset your password?',
      meaning: ({ domain, emailAddress }) =>
        html`The button below lets the device that asked go on to set a new password for the account at ${name(domain)} with the address ${name(emailAddress)}. It still has to prove itself otherwise, or to wait for three days.`,
      button: 'Let that device go on',
    },
  },
  device: 'Device',
  sourceAddress: 'Network address',
  askedAt: 'Asked',
  unknownDevice: 'does not say what it is',
  browserOn: ({ browser, system }) => `${browser} on ${system}`,
  warning:
    'If you did not ask for this just now, close this page. Nobody gets in unless you go on. Never take a match code from someone who calls or writes to you.',
  matchCode: 'Match code',
  matchCodeHint: 'It is shown on the device that asked.',
  noMatchCode: 'Type the match code that is shown on the device that asked.',
  wrongMatchCode: (triesLeft) =>
    `That is not the match code. ${triesLeft === 1 ? 'One try is' : `${triesLeft} tries are`} left.`,
  notices: {
    confirmed: {
      title: 'Confirmed',
      text: 'Go back to the device that asked: it goes on by itself. You can close this page.',
    },
    burnt: {
      title: 'This link is closed',
      text: 'A wrong match code was given three times. If that was you, paste the code from the mail instead, or ask for a new mail. If it was not, there is nothing to do: nobody got in through this link.',
    },
    spent: {
      title: 'This link has been used',
      text: 'What it was for is done. To do it again, ask for a new mail.',
    },
    expired: {
      title: 'This link has expired',
      text: 'Ask for a new mail on the device where you want to go on.',
    },
    unknown: {
      title: 'We do not know this link',
      text: 'Perhaps a part of it is missing. Copy the whole link from the mail, or paste the code from the mail instead.',
    },
    incomplete: {
      title: 'Something is missing',
      text: 'The form did not arrive as a whole. Open the link from the mail again.',
    },
    tooManyTries: {
      title: 'Too many attempts',
      text: 'Wait a little, then open the link from the mail again.',
    },
    unavailable: {
      title: 'Not just now',
      text: 'We cannot answer at the moment. Wait a few seconds, then open the link from the mail again.',
    },
    bug: {
      title: 'Something went wrong',
      text: 'The fault is ours. Open the link from the mail again; when you report this, quote the number below.',
    },
  },
  requestId: 'Request',
}

const german: ConfirmWords = {
  acts: {
    SIGN_IN: {
      title: 'Anmelden?',
      meaning: ({ domain, emailAddress }) =>
        html`Der Knopf unten meldet ${name(emailAddress)} bei ${name(domain)} an, und zwar auf dem Gerät, das angefragt hat:`,
      button: 'Auf jenem Gerät anmelden',
    },
    LINK_IDENTITY: {
      title: 'Adresse hinzufügen?',
      meaning: ({ domain, emailAddress, accountName }) =>
        html`Der Knopf unten fügt die Adresse ${name(emailAddress)} ${accountName === null ? 'dem Konto' : html`dem Konto von ${name(accountName)}`} bei ${name(domain)} hinzu, das auf dem anfragenden Gerät angemeldet ist. Die Adresse öffnet dann dieses Konto.`,
      button: 'Adresse dem Konto hinzufügen',
    },
    STEP_UP: {
      title: 'Sind Sie es?',
      meaning: ({ domain, emailAddress, accountName }) =>
        html`Der Knopf unten beweist ${name(domain)}, dass ${name(emailAddress)} jetzt an dem Gerät ist, das angefragt hat. Es darf dann ändern, was ${accountName === null ? 'Ihr Konto' : html`das Konto von ${name(accountName)}`} schützt.`,
      button: 'Ja, ich bin es',
    },
    SECOND_FACTOR: {
      title: 'Sind Sie es?',
      meaning: ({ domain, emailAddress, accountName }) =>
        html`Jemand hat einen ersten Nachweis für ${accountName === null ? 'Ihr Konto' : html`das Konto von ${name(accountName)}`} bei ${name(domain)} gegeben. Der Knopf unten gibt den zweiten, durch die Adresse ${name(emailAddress)}, für das Gerät, das angefragt hat:`,
      button: 'Ja, ich bin es',
    },
    RESET_PASSWORD: {
      title: 'Passwort zurücksetzen?',
      meaning: ({ domain, emailAddress }) =>
        html`Der Knopf unten lässt das Gerät, das angefragt hat, für das Konto bei ${name(domain)} mit der Adresse ${name(emailAddress)} ein neues Passwort setzen. Es muss sich dazu noch anders ausweisen oder drei Tage warten.`,
      button: 'Jenes Gerät weitermachen lassen',
    },
  },
  device: 'Gerät',
  sourceAddress: 'Netzwerkadresse',
  askedAt: 'Angefragt',
  unknownDevice: 'sagt nicht, was es ist',
  browserOn: ({ browser, system }) => `${browser} auf ${system}`,
  warning:
    'Wenn Sie das nicht gerade selbst angefragt haben, schließen Sie diese Seite. Niemand kommt hinein, solange Sie nicht weitermachen. Übernehmen Sie nie einen Abgleichcode von jemandem, der Sie anruft oder Ihnen schreibt.',
  matchCode: 'Abgleichcode',
  matchCodeHint: 'Er steht auf dem Gerät, das angefragt hat.',
  noMatchCode: 'Geben Sie den Abgleichcode ein, der auf dem anfragenden Gerät steht.',
  wrongMatchCode: (triesLeft) =>
    `Das ist nicht der Abgleichcode. ${triesLeft === 1 ? 'Ein Versuch bleibt.' : `${triesLeft} Versuche bleiben.`}`,
  notices: {
    confirmed: {
      title: 'Bestätigt',
      text: 'Gehen Sie zurück zu dem Gerät, das angefragt hat: Dort geht es von selbst weiter. Diese Seite können Sie schließen.',
    },
    burnt: {
      title: 'Dieser Link ist gesperrt',
      text: 'Dreimal wurde ein falscher Abgleichcode eingegeben. Wenn Sie das waren, fügen Sie stattdessen den Code aus der Mail ein oder fordern Sie eine neue Mail an. Wenn nicht, müssen Sie nichts tun: Durch diesen Link ist niemand hineingekommen.',
    },
    spent: {
      title: 'Dieser Link wurde schon benutzt',
      text: 'Wofür er da war, ist erledigt. Fordern Sie eine neue Mail an, um es noch einmal zu tun.',
    },
    expired: {
      title: 'Dieser Link ist abgelaufen',
      text: 'Fordern Sie auf dem Gerät, auf dem Sie weitermachen möchten, eine neue Mail an.',
    },
    unknown: {
      title: 'Diesen Link kennen wir nicht',
      text: 'Vielleicht fehlt ein Teil davon. Kopieren Sie den ganzen Link aus der Mail, oder fügen Sie stattdessen den Code aus der Mail ein.',
    },
    incomplete: {
      title: 'Da fehlt etwas',
      text: 'Das Formular ist nicht vollständig angekommen. Öffnen Sie den Link aus der Mail noch einmal.',
    },
    tooManyTries: {
      title: 'Zu viele Versuche',
      text: 'Warten Sie ein wenig und öffnen Sie dann den Link aus der Mail noch einmal.',
    },
    unavailable: {
      title: 'Gerade nicht',
      text: 'Wir können im Moment nicht antworten. Warten Sie ein paar Sekunden und öffnen Sie dann den Link aus der Mail noch einmal.',
    },
    bug: {
      title: 'Etwas ist schiefgegangen',
      text: 'Der Fehler liegt bei uns. Öffnen Sie den Link aus der Mail noch einmal; wenn Sie den Fehler melden, nennen Sie die Nummer unten.',
    },
  },
  requestId: 'Anfrage',
}

/** The texts of the page by language. */
export const confirmWords: Readonly<Record<Locale, ConfirmWords>> = { en: english, de: german }
