// Goes on without a code once the link of the mail is confirmed.
import { watchChallenge } from '../client/watch-challenge.js'
import { say, words } from './page-words.js'
import { sendAnswer } from './send-answer.js'
import { server } from './server.js'

/** Watches until the page is left. */
export const watchMail = (form: HTMLFormElement): void => {
  // The code can still be typed.
  watch(form).catch(() => undefined)
}

const watch = async (form: HTMLFormElement): Promise<void> => {
  const input = form.elements.namedItem('challengeId')
  if (!(input instanceof HTMLInputElement)) return
  const leaving = new AbortController()
  addEventListener('pagehide', () => leaving.abort(), { once: true })
  for await (const { status } of watchChallenge(server, input.value, { signal: leaving.signal })) {
    if (status !== 'CONFIRMED') continue
    say(words.confirmed)
    return sendAnswer(form, { code: '' })
  }
}
