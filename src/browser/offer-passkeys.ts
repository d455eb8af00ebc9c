// Offers passkeys: by a button, and among the suggestions of the fields for names (conditional UI).
import { IdemError } from '../client/idem-error.js'
import { type GetPasskeyOptions, getPasskey, hasPasskeys, suggestsPasskeys } from '../client/passkey.js'
import { complain, say, words } from './page-words.js'
import { sendAnswer } from './send-answer.js'
import { server } from './server.js'

const query = 'mutation IssuePasskeyChallenge { issueChallenge(input: { passkey: {} }) { id message } }'

/** Shows the form where the browser has passkeys. */
export const offerPasskeys = (form: HTMLFormElement): void => {
  const button = form.querySelector('button')
  if (!hasPasskeys() || button === null) return
  form.hidden = false
  // A browser runs one ceremony at a time.
  let suggesting = new AbortController()
  const suggest = async (): Promise<void> => {
    if (!(await suggestsPasskeys())) return
    suggesting = new AbortController()
    await prove(form, { mediation: 'conditional', signal: suggesting.signal })
  }
  const ask = async (): Promise<void> => {
    suggesting.abort()
    button.disabled = true
    say(words.working)
    try {
      await prove(form, {})
    } catch (error) {
      complain(sentenceOf(error))
      button.disabled = false
      suggest().catch(() => undefined)
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void ask()
  })
  // Nobody has asked for it yet, so nobody is told.
  suggest().catch(() => undefined)
}

const prove = async (form: HTMLFormElement, options: GetPasskeyOptions): Promise<void> => {
  const { issueChallenge } = await server.send<{ issueChallenge: { id: string; message: string } }>({
    document: query,
  })
  const response = await getPasskey(issueChallenge.message, options)
  sendAnswer(form, { challengeId: issueChallenge.id, response: JSON.stringify(response) })
}

/** No answer of the server, rather than a refusal. */
const awayCodes: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMED_OUT', 'UNAVAILABLE'])

const sentenceOf = (error: unknown): string => {
  const isAway = error instanceof IdemError && awayCodes.has(error.code)
  if (isAway) return words.unreachable
  const isDeclined = error instanceof DOMException && error.name === 'NotAllowedError'
  return isDeclined ? words.passkeyCancelled : words.passkeyFailed
}
