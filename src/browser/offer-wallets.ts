// Offers the wallets of the browser: a button for each that announces itself (EIP-6963).
import { answerWithWallet } from '../client/answer-with-wallet.js'
import { IdemError } from '../client/idem-error.js'
import { type AnnouncedWallet, connectWallet, discoverWallets } from '../client/wallet.js'
import { complain, say, words } from './page-words.js'
import { sendAnswer } from './send-answer.js'
import { server } from './server.js'

/** Shows the form once there is a wallet; its own button makes room for those of the wallets. */
export const offerWallets = (form: HTMLFormElement): void => {
  const template = form.querySelector('button')
  if (template === null) return
  const shown = new Set<string>()
  template.remove()
  discoverWallets(window, (wallets) => {
    for (const wallet of wallets) {
      if (shown.has(wallet.uuid)) continue
      shown.add(wallet.uuid)
      const button = buttonOf(wallet, template)
      button.addEventListener('click', () => void sign(form, wallet))
      form.append(button)
    }
    form.hidden = shown.size === 0
  })
}

/** The words of a wallet are text, and its picture is a data URI in an image, in which no script runs. */
const buttonOf = ({ name, icon }: AnnouncedWallet, template: HTMLButtonElement): HTMLButtonElement => {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = template.className
  if (icon !== null) {
    const image = document.createElement('img')
    image.src = icon
    image.alt = ''
    button.append(image)
  }
  button.append(name === '' ? (template.textContent ?? '') : name)
  return button
}

const sign = async (form: HTMLFormElement, { provider }: AnnouncedWallet): Promise<void> => {
  const buttons = [...form.querySelectorAll('button')]
  const wait = (waits: boolean): void => {
    for (const button of buttons) button.disabled = waits
  }
  wait(true)
  say(words.working)
  try {
    const signer = await connectWallet(provider)
    const { challengeId = '', proof } = await answerWithWallet(server, signer, { purpose: 'SIGN_IN' })
    if (!('wallet' in proof)) return
    sendAnswer(form, { challengeId, signature: proof.wallet.signature })
  } catch (error) {
    complain(sentenceOf(error))
    wait(false)
  }
}

const sentenceOf = (error: unknown): string => {
  switch (error instanceof IdemError ? error.code : null) {
    case 'WALLET_REFUSED':
      return words.walletCancelled
    case 'WRONG_CHALLENGE':
      return words.wrongText
    case 'UNREACHABLE':
    case 'TIMED_OUT':
    case 'UNAVAILABLE':
      return words.unreachable
    default:
      return words.walletFailed
  }
}
