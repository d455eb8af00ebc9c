// What the script of the sign-in page says, in the words and at the places that the page brings.

/** The words in the language of the page. */
export interface PageWords {
  readonly working: string
  readonly confirmed: string
  readonly passkeyCancelled: string
  readonly passkeyFailed: string
  readonly walletCancelled: string
  readonly walletFailed: string
  readonly wrongText: string
  readonly unreachable: string
}

const place = document.querySelector<HTMLElement>('#script-words')

/** The words of this page. */
export const words = JSON.parse(place?.dataset['words'] ?? '{}') as PageWords

const put = (id: string, text: string): void => {
  const element = document.getElementById(id)
  if (element !== null) element.textContent = text
}

/** Says what is going on; screen readers say it when they have time. */
export const say = (text: string): void => {
  put('script-problem', '')
  put('script-status', text)
}

/** Says what went wrong; screen readers say it at once. */
export const complain = (text: string): void => {
  put('script-status', '')
  put('script-problem', text)
}
