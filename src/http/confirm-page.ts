// /confirm: the page of an emailed link. A GET changes nothing; the button confirms.
import type { FastifyInstance } from 'fastify'
import type { ConfirmationView } from '../challenges/show-confirmation.js'
import type { Call } from '../database/call.js'
import { confirmationAnswer, noticeAnswer } from './confirmation-view.js'
import { addLinkPage, type LinkPageNeeds } from './link-page.js'

/** What the confirm page needs. */
export interface ConfirmPageNeeds extends LinkPageNeeds {
  /** The state of a link; null if we did not issue its token. Changes nothing. */
  readonly showConfirmation: (call: Call, token: string) => Promise<ConfirmationView | null>
  /** Confirms a link, or counts a wrong match code; null if we did not issue its token. */
  readonly confirmChallenge: (
    call: Call,
    answer: { readonly token: string; readonly matchCode: string },
  ) => Promise<ConfirmationView | null>
}

/** Adds the page. */
export const addConfirmPage = (app: FastifyInstance, needs: ConfirmPageNeeds): void =>
  addLinkPage(
    app,
    {
      path: '/confirm',
      unknown: (reader) => noticeAnswer(reader, { notice: 'unknown', status: 404 }),
      show: async (call, token, reader) => {
        const link = await needs.showConfirmation(call, token)
        return link && confirmationAnswer(reader, link, token)
      },
      press: async (call, { token, field }, reader) => {
        // A form without a match code costs no try, because scanners that press every button send such forms.
        const link = await needs.confirmChallenge(call, { token, matchCode: field('matchCode') ?? '' })
        return link && confirmationAnswer(reader, link, token)
      },
    },
    needs,
  )
