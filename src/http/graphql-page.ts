// GET /graphql: GraphiQL or a text for browsers, an error with the right method for programs.
import type { FastifyInstance } from 'fastify'
import { addGraphiqlFiles, graphiqlPage } from './graphiql.js'
import { html, page } from './page.js'
import { HttpRefusal } from './refusal.js'

/** What the page needs. */
export interface GraphqlPageNeeds {
  readonly publicUrl: string
  /** True if browsers get GraphiQL, provided that it is installed. */
  readonly graphiql: boolean
}

const wordsPage = (publicUrl: string): string =>
  page({
    locale: 'en',
    title: 'GraphQL · Idem',
    body: html`<h1>GraphQL</h1>
<p>This is the API of <a href="/">Idem</a>, an identity service. It is made for programs, which send their queries here by POST, as JSON:</p>
<pre><code>curl -s ${publicUrl}/graphql -H 'content-type: application/json' \\
  -d '{"query":"{ me { id kind } }"}'</code></pre>
<p>An access token is sent as <code>authorization: Bearer …</code>. The schema and its description are in the file <code>schema/idem.graphql</code> of Idem.</p>`,
  })

const takesPages = /\btext\/html\b/i

/** Adds the route and, if GraphiQL is on, its files. */
export const addGraphqlPage = (app: FastifyInstance, { publicUrl, graphiql }: GraphqlPageNeeds): void => {
  const words = { markup: wordsPage(publicUrl), headers: { 'content-type': 'text/html; charset=utf-8' } }
  const { markup, headers } = graphiql && addGraphiqlFiles(app) ? graphiqlPage : words
  // A GET never executes a query, because URLs are written to logs.
  app.get('/graphql', (request, reply) => {
    reply.header('vary', 'origin, accept')
    if (takesPages.test(request.headers.accept ?? '')) return reply.headers(headers).send(markup)
    throw new HttpRefusal(405, {
      sentence: 'GraphQL is served at POST /graphql.',
      headers: { allow: 'POST' },
    })
  })
}
