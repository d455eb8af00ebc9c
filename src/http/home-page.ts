// The page at /: what this is, and where to go.
import type { FastifyInstance } from 'fastify'

const page = (publicUrl: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Idem</title>
<style>
  body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color: #1b1f24; background: #fff }
  code { font: .9em ui-monospace, monospace; background: #eef1f4; padding: .1em .3em; border-radius: .2em }
  pre { background: #eef1f4; padding: 1rem; overflow-x: auto; border-radius: .4em } pre code { padding: 0 }
  @media (prefers-color-scheme: dark) { body { color: #e6e8eb; background: #14171a } code, pre { background: #23282e } a { color: #8ab4ff } }
</style>
<h1>Idem</h1>
<p>Many ways to prove who you are, one account behind them. This is a running Idem service.</p>
<ul>
  <li>GraphQL: <code>POST ${publicUrl}/graphql</code></li>
  <li><a href="/.well-known/openid-configuration">Discovery</a> and <a href="/.well-known/jwks.json">public keys</a>, to check tokens by</li>
  <li><a href="/healthz">Alive?</a> <a href="/readyz">Ready?</a></li>
</ul>
<p>A first token, as a guest:</p>
<pre><code>curl -s ${publicUrl}/graphql -H 'content-type: application/json' \\
  -d '{"query":"mutation{signIn(input:{proof:{anonymous:{}}}){account{id} tokens{accessToken}}}"}'</code></pre>
</html>
`

/** Adds the page. */
export const addHomePage = (app: FastifyInstance, publicUrl: string): void => {
  const html = page(publicUrl)
  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(html))
}
