// Lists the mails of the development mailbox.
import type { Call } from '../database/call.js'
import { type ShowMailNeeds, type ShownMail, showMail } from './show-mail.js'

/** Most mails in the list. */
const mostListed = 50

/** The newest mails, newest first. */
export const listMails = async (call: Call, needs: ShowMailNeeds): Promise<readonly ShownMail[]> => {
  const shown: ShownMail[] = []
  for (const mail of await needs.mails.listNewest(call, mostListed)) {
    const readable = await showMail(call, mail, needs)
    if (readable !== null) shown.push(readable)
  }
  return shown
}
