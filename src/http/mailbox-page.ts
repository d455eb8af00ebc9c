// /mailbox, only in development: shows mails instead of sending them.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Call } from '../database/call.js'
import type { ShownMail } from '../mailbox/show-mail.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'
import { namesThisMachine } from './host.js'
import { type Fragment, type Html, html, page, privatePageHeaders } from './page.js'

/** What the mailbox needs. */
export interface MailboxNeeds extends CallOfRequestNeeds {
  readonly publicUrl: string
  readonly requestScope: RequestScope
  /** The newest mails, newest first. */
  readonly listMails: (call: Call) => Promise<readonly ShownMail[]>
  /** The mail with this id, or null. */
  readonly findMail: (call: Call, id: string) => Promise<ShownMail | null>
}

/** How often the list reloads itself, in seconds. */
const refreshSeconds = 3

/** A time in UTC, to the second. */
const timeOf = (at: Date): Html => {
  const moment = at.toISOString()
  return html`<time datetime="${moment}">${moment.slice(0, 19).replace('T', ' ')} UTC</time>`
}

const lineOf = ({ id, to, subject, at, state }: ShownMail): Html => html`  <li>
    <p><a href="/mailbox/${encodeURIComponent(id)}">${subject}</a></p>
    <p class="hint">${timeOf(at)} · to ${to} · ${state}</p>
  </li>
`

const listPage = (mails: readonly ShownMail[]): string =>
  page({
    locale: 'en',
    title: mails.length === 0 ? 'Mailbox' : `Mailbox (${mails.length})`,
    refreshSeconds,
    body: html`<h1>Mailbox</h1>
<p class="hint">What would have been mailed, the newest first. This page updates by itself; <a href="/mailbox?json">as JSON</a> for scripts.</p>
${mails.length === 0 ? html`<p>No mail yet.</p>` : html`<ol class="mails">\n${mails.map(lineOf)}</ol>`}`,
  })

/** A text in which links to this service can be clicked. Other links stay text, because a mail may quote a stranger. */
const linkedText = (text: string, publicUrl: string): readonly Fragment[] =>
  text
    .split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,:;!?)\]])/)
    .map((part) =>
      part.startsWith(`${publicUrl}/`) ? html`<a href="${part}" rel="noreferrer">${part}</a>` : part,
    )

/** The page of a mail. Its HTML is in a sandboxed frame that cannot run scripts, send forms or load anything. */
const mailPage = (mail: ShownMail, publicUrl: string): string =>
  page({
    locale: 'en',
    title: mail.subject,
    body: html`<p><a href="/mailbox">← Mailbox</a></p>
<h1>${mail.subject}</h1>
<dl>
  <dt>To</dt> <dd>${mail.to}</dd>
  <dt>Time</dt> <dd>${timeOf(mail.at)}</dd>
  <dt>State</dt> <dd>${mail.state}</dd>
</dl>
<pre class="text">${linkedText(mail.text, publicUrl)}</pre>
<h2>As HTML</h2>
<p class="hint">Links in it lead nowhere: take those of the text above.</p>
<iframe title="The mail as HTML" sandbox="" srcdoc="${mail.html}"></iframe>`,
  })

const missingPage = page({
  locale: 'en',
  title: 'No such mail',
  body: html`<p><a href="/mailbox">← Mailbox</a></p>\n<h1>No such mail</h1>`,
})

const wantsJson = (request: FastifyRequest<{ Querystring: Record<string, unknown> }>): boolean =>
  'json' in request.query || request.headers.accept?.includes('application/json') === true

/** Adds the pages. */
export const addMailbox = (parent: FastifyInstance, needs: MailboxNeeds): void => {
  void parent.register(async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      if (namesThisMachine(request)) return
      return await reply.code(404).headers(privatePageHeaders).send(missingPage)
    })
    addPages(app, needs)
  })
}

const addPages = (app: FastifyInstance, needs: MailboxNeeds): void => {
  app.get<{ Querystring: Record<string, unknown> }>('/mailbox', async (request, reply) => {
    const mails = await needs.requestScope.run(
      request.id,
      async () => await needs.listMails(callOfRequest(request, needs)),
    )
    reply.headers(privatePageHeaders)
    return await (wantsJson(request)
      ? reply.type('application/json; charset=utf-8').send(mails)
      : reply.send(listPage(mails)))
  })
  app.get<{ Params: { id: string } }>('/mailbox/:id', async (request, reply) => {
    const mail = await needs.requestScope.run(
      request.id,
      async () => await needs.findMail(callOfRequest(request, needs), request.params.id),
    )
    reply.headers(privatePageHeaders).code(mail === null ? 404 : 200)
    return await reply.send(mail === null ? missingPage : mailPage(mail, needs.publicUrl))
  })
}
