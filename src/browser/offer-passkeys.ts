// Offers passkeys: by a button, and among the suggestions of the fields for names (conditional UI).
import { IdemError } from '../client/idem-error.js'
import { type GetPasskeyOptions, getPasskey, hasPasskeys, suggestsPasskeys } from '../client/passkey.js'
import { complain, say, words } from './page-words.js'
import { sendAnswer } from './send-answer.js'
import { server } from './server.js'

const query = 'mutation IssuePasskeyChallenge { issueChallenge(input: { passkey: {} }) { id message } }'

interface Challenge {
  readonly id: string
  /** The options of the ceremony, as JSON. */
  readonly message: string
}

const ask = async (): Promise<Challenge> =>
  (await server.send<{ issueChallenge: Challenge }>({ document: query })).issueChallenge

/** Of the lifetime of a challenge, after which it is replaced. */
const timelyPart = 0.8

/** The time that the options give, in milliseconds: the lifetime of the challenge. */
const lifetimeOf = ({ message }: Challenge): number => JSON.parse(message).timeout

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
    // Until one is taken: then the page is being left.
    while (!(await suggestOnce(form, suggesting.signal)));
  }
  const proveByButton = async (): Promise<void> => {
    suggesting.abort()
    button.disabled = true
    say(words.working)
    try {
      await prove(form, await ask(), {})
    } catch (error) {
      complain(sentenceOf(error))
      button.disabled = false
      suggest().catch(() => undefined)
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void proveByButton()
  })
  // Nobody has asked for it yet, so nobody is told.
  suggest().catch(() => undefined)
}

/** Suggests until shortly before the challenge expires, because a page may be open for hours; true if one was taken. */
const suggestOnce = async (form: HTMLFormElement, signal: AbortSignal): Promise<boolean> => {
  const challenge = await ask()
  const late = AbortSignal.timeout(lifetimeOf(challenge) * timelyPart)
  try {
    await prove(form, challenge, { mediation: 'conditional', signal: AbortSignal.any([signal, late]) })
    return true
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error
    return false
  }
}

const prove = async (
  form: HTMLFormElement,
  { id, message }: Challenge,
  options: GetPasskeyOptions,
): Promise<void> => {
  const response = await getPasskey(message, options)
  sendAnswer(form, { challengeId: id, response: JSON.stringify(response) })
}

/** No answer of the server, rather than a refusal. */
const awayCodes: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMED_OUT', 'UNAVAILABLE'])

const sentenceOf = (error: unknown): string => {
  const isAway = error instanceof IdemError && awayCodes.has(error.code)
  if (isAway) return words.unreachable
  const isDeclined = error instanceof DOMException && error.name === 'NotAllowedError'
  return isDeclined ? words.passkeyCancelled : words.passkeyFailed
}
