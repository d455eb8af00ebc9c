// /cancel-reset: the page of the link in the mail about a reset that waits. A GET changes nothing; the button cancels.
import type { FastifyInstance } from 'fastify'
import type { Call } from '../database/call.js'
import type { PasswordResetView } from '../password-resets/show-password-reset.js'
import { cancelAnswer, unknownCancelAnswer } from './cancel-reset-view.js'
import { addLinkPage, type LinkPageNeeds } from './link-page.js'

/** What the page needs. */
export interface CancelResetPageNeeds extends LinkPageNeeds {
  /** The state of a reset; null if we did not issue the token. Changes nothing. */
  readonly showPasswordReset: (call: Call, token: string) => Promise<PasswordResetView | null>
  /** Cancels a reset; null if we did not issue the token. */
  readonly cancelByMail: (call: Call, token: string) => Promise<PasswordResetView | null>
}

/** Adds the page. */
export const addCancelResetPage = (app: FastifyInstance, needs: CancelResetPageNeeds): void =>
  addLinkPage(
    app,
    {
      path: '/cancel-reset',
      unknown: unknownCancelAnswer,
      show: async (call, token, reader) => {
        const reset = await needs.showPasswordReset(call, token)
        return reset && cancelAnswer(reader, reset, token)
      },
      press: async (call, { token }, reader) => {
        const reset = await needs.cancelByMail(call, token)
        return reset && cancelAnswer(reader, reset, token)
      },
    },
    needs,
  )
