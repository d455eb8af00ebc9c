// The script of the sign-in page: mails whose link is confirmed, passkeys, wallets. The other forms need none.
import { offerPasskeys } from './offer-passkeys.js'
import { offerWallets } from './offer-wallets.js'
import { watchMail } from './watch-mail.js'

/** The form of a way and step, if the page has it. */
const withForm = (way: string, step: string, use: (form: HTMLFormElement) => void): void => {
  const form = document.querySelector<HTMLFormElement>(`form[data-way=${way}][data-step=${step}]`)
  if (form !== null) use(form)
}

withForm('email', 'prove', watchMail)
withForm('passkey', 'prove', offerPasskeys)
withForm('wallet', 'prove', offerWallets)
// The browser shows the page as it was left: with buttons that wait, and a challenge that may be used.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})
