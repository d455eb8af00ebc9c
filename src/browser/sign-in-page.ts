// The script of the sign-in page: watches for the confirmed link of a mail. Without it the page works by forms.

import { httpTransport } from '../client/transport.js'
import { watchChallenge } from '../client/watch-challenge.js'
import { say, words } from './page-words.js'

const transport = httpTransport({ url: '' })

/** The first form of the page for this method and step; null if there is none. */
const formFor = (selector: string): HTMLFormElement | null =>
  document.querySelector<HTMLFormElement>(selector)

/** Goes on without a code once the link of the mail is confirmed. */
const watchMail = async (form: HTMLFormElement): Promise<void> => {
  const id = form.querySelector<HTMLInputElement>('[name=challengeId]')?.value ?? ''
  const leaving = new AbortController()
  // A page that comes back from the browser's cache watches again.
  addEventListener('pagehide', () => leaving.abort(), { once: true })
  addEventListener('pageshow', (event) => event.persisted && location.reload(), { once: true })
  for await (const { status } of watchChallenge(transport, id, { signal: leaving.signal })) {
    if (status !== 'CONFIRMED') continue
    say(words.confirmed)
    for (const input of form.querySelectorAll<HTMLInputElement>('[name=code]')) input.value = ''
    // Without the checks of the browser: an empty code is meant.
    return form.submit()
  }
}

const mailForm = formFor('form[data-way=email][data-step=prove]')
if (mailForm !== null) watchMail(mailForm).catch(() => undefined) // the code can still be typed
