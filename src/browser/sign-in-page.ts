// The script of the sign-in page: mails whose link is confirmed, passkeys, wallets. The other forms need none.
import { offerPasskeys } from './offer-passkeys.js'
import { offerWallets } from './offer-wallets.js'
import { say } from './page-words.js'
import { watchMail } from './watch-mail.js'

/** The form of a way and step, if the page has it. */
const withForm = (way: string, step: string, use: (form: HTMLFormElement) => void): void => {
  const form = document.querySelector<HTMLFormElement>(`form[data-way=${way}][data-step=${step}]`)
  if (form !== null) use(form)
}

withForm('email', 'prove', watchMail)
withForm('passkey', 'prove', offerPasskeys)
withForm('wallet', 'prove', offerWallets)
// The browser may show the page as it was left, with buttons that wait.
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return
  for (const button of document.querySelectorAll('button')) button.disabled = false
  say('')
  withForm('email', 'prove', watchMail)
})
