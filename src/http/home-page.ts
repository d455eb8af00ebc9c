// The page at /: what this service is, with links.
import type { FastifyInstance } from 'fastify'
import { html, page } from './page.js'

/** Optional links of the page. */
export interface HomePageLinks {
  /** True if the mailbox page is served (development only). */
  readonly mailbox: boolean
  /** True if browsers get GraphiQL. */
  readonly graphiql: boolean
  /** True if the sign-in page may send people back to anywhere. */
  readonly signIn: boolean
}

const homePage = (publicUrl: string, { mailbox, graphiql, signIn }: HomePageLinks): string =>
  page({
    locale: 'en',
    title: 'Idem',
    body: html`<h1>Idem</h1>
<p>Many ways to prove who you are, one account behind them. This is a running Idem service.</p>
<ul>
  <li>GraphQL: <code>POST ${publicUrl}/graphql</code>${graphiql ? html`; <a href="/graphql">try it in GraphiQL</a>` : null}</li>
  <li><a href="/.well-known/openid-configuration">Discovery</a> and <a href="/.well-known/jwks.json">public keys</a>, to check tokens by</li>
  ${signIn ? html`<li><a href="/sign-in">Sign-in page</a>: for apps without forms of their own</li>` : null}
  ${mailbox ? html`<li><a href="/mailbox">Mailbox</a>: the mails that would have been sent</li>` : null}
  <li><a href="/healthz">Alive?</a> <a href="/readyz">Ready?</a></li>
</ul>
<p>A first token, as a guest:</p>
<pre><code>curl -s ${publicUrl}/graphql -H 'content-type: application/json' \\
  -d '{"query":"mutation{signIn(input:{proof:{anonymous:{}}}){account{id} tokens{accessToken}}}"}'</code></pre>`,
  })

/** Adds the page. */
export const addHomePage = (app: FastifyInstance, publicUrl: string, links: HomePageLinks): void => {
  const text = homePage(publicUrl, links)
  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(text))
}
