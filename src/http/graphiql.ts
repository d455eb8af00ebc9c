// GraphiQL, a browser's editor for GraphQL, served by this process from npm packages, without other hosts.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'

/** The path of GraphiQL's files. */
const folder = '/graphql/graphiql'

/** The script of the page: sends requests to this service with the headers of the headers field. */
const script = `
const examples = [
  \`# 1 A session in one call, as a guest:
# press the round button, then copy the accessToken.
mutation SignInAsGuest {
  signIn(input: { proof: { anonymous: { deviceName: "GraphiQL" } } }) {
    provisioned
    account { id kind }
    tokens { accessToken accessTokenExpiresAt refreshToken }
  }
}\`,
  \`# 2 Who am I? Paste the accessToken
# behind "Bearer" into Headers, below.
query WhoAmI {
  me {
    id kind handle
    identities { id method issuer label }
    sessions { id deviceName current expiresAt }
  }
  session { id amr acr authenticatedAt }
}\`,
  \`# 3 What a key has to sign. Every method
# begins with a challenge, and ends with
# signIn: its id, and the proof.
mutation IssueChallenge($publicKey: String!) {
  issueChallenge(input: { key: { publicKey: $publicKey } }) {
    id
    message
    expiresAt
  }
}\`,
]
const variables = [null, null, JSON.stringify({ publicKey: '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=' }, null, 2)]
const headers = JSON.stringify({ authorization: 'Bearer ' }, null, 2)

/** Leaves out empty headers, such as "Bearer" without a token. */
const given = (all) => Object.fromEntries(Object.entries(all ?? {}).filter(([, value]) => !/^(bearer)?\\s*$/i.test(value)))

/** Just after a change of tabs GraphiQL still names the operation of the tab before. */
const shown = ({ operationName, ...request }) =>
  request.query.includes(operationName) ? { ...request, operationName } : request

const fetcher = async (request, options) => {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...given(options?.headers) },
    body: JSON.stringify(shown(request)),
  })
  return await response.json()
}

const defaultTabs = examples.map((query, index) => ({ query, variables: variables[index], headers }))
const properties = { fetcher, defaultTabs, defaultHeaders: headers, defaultEditorToolsVisibility: 'headers' }
ReactDOM.createRoot(document.querySelector('#graphiql')).render(React.createElement(GraphiQL, properties))
`

const markup = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphiQL · Idem</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${folder}/graphiql.css">
<style>body { margin: 0 } #graphiql { height: 100vh }</style>
<div id="graphiql">Loading …</div>
<noscript>GraphiQL needs scripts. The API itself is POST /graphql.</noscript>
<script src="${folder}/react.js"></script>
<script src="${folder}/react-dom.js"></script>
<script src="${folder}/graphiql.js"></script>
<script src="${folder}/page.js"></script>
</html>
`

/** Allows only this origin, and inline styles and fonts, which the editor needs. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** The page and its headers. */
export const graphiqlPage = {
  markup,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy,
    'cache-control': 'no-cache',
  },
}

interface Asset {
  readonly name: string
  readonly type: string
  readonly read: () => Promise<string | Buffer>
}

const scriptType = 'text/javascript; charset=utf-8'

/** The files from the packages; null if they are not installed, as in the image for production. */
const findAssets = (): readonly Asset[] | null => {
  const { resolve } = createRequire(import.meta.url)
  const fileOf = (name: string, packageName: string, file: string, type: string): Asset => {
    const path = join(dirname(resolve(`${packageName}/package.json`)), file)
    return { name, type, read: async () => await readFile(path) }
  }
  try {
    return [
      fileOf('react.js', 'react', 'umd/react.production.min.js', scriptType),
      fileOf('react-dom.js', 'react-dom', 'umd/react-dom.production.min.js', scriptType),
      fileOf('graphiql.js', 'graphiql', 'graphiql.min.js', scriptType),
      fileOf('graphiql.css', 'graphiql', 'graphiql.min.css', 'text/css; charset=utf-8'),
      { name: 'page.js', type: scriptType, read: async () => script },
    ]
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return null
    throw error
  }
}

/** Adds the routes of the page's files; false, and adds nothing, if GraphiQL is not installed. */
export const addGraphiqlFiles = (app: FastifyInstance): boolean => {
  const assets = findAssets()
  for (const { name, type, read } of assets ?? [])
    app.get(`${folder}/${name}`, async (_request, reply) =>
      reply.headers({ 'content-type': type, 'cache-control': 'no-cache' }).send(await read()),
    )
  return assets !== null
}
