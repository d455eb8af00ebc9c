// The documents with which others find our keys and origins: JWK sets (RFC 7517), metadata (RFC 8414, OIDC Discovery),
// and the related origins of passkeys.
import type { FastifyInstance } from 'fastify'
import { scopeMeanings } from '../authorization/scope.js'
import type { Clock } from '../runtime/clock.js'
import { aliasesClaim } from '../tokens/access-token.js'
import type { SigningKeys } from '../tokens/signing-keys.js'

/** What the well-known routes need. */
export interface WellKnownNeeds {
  /** The issuer of our tokens. */
  readonly publicUrl: string
  readonly signingKeys: SigningKeys
  readonly clock: Clock
  /** Origins on other domains whose pages may use our passkeys (WebAuthn level 3, 5.11). */
  readonly relatedOrigins: readonly string[]
  /** The keys that verify our webhooks, as a JWK set. */
  readonly listWebhookKeys: () => Promise<object>
}

/** Much shorter than the time that a new key is published before it signs. */
const cacheControl = 'public, max-age=300'

/** OIDC Discovery also requires an authorization endpoint; there is none, because the sign-in page is no endpoint of OAuth. */
const metadata = (issuer: string): object => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  scopes_supported: Object.keys(scopeMeanings),
  response_types_supported: [],
  grant_types_supported: [],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['EdDSA'],
  claims_supported: [
    'iss',
    'sub',
    'aud',
    'exp',
    'iat',
    'jti',
    'sid',
    'scope',
    'amr',
    'acr',
    'auth_time',
    'client_id',
    aliasesClaim,
  ],
  acr_values_supported: ['aal0', 'aal1', 'aal2'],
})

/** Adds the routes. */
export const addWellKnown = (app: FastifyInstance, needs: WellKnownNeeds): void => {
  const document = metadata(needs.publicUrl)
  for (const name of ['openid-configuration', 'oauth-authorization-server'])
    app.get(`/.well-known/${name}`, (_request, reply) =>
      reply.header('cache-control', cacheControl).send(document),
    )
  const { relatedOrigins } = needs
  if (relatedOrigins.length > 0)
    app.get('/.well-known/webauthn', (_request, reply) =>
      reply.header('cache-control', cacheControl).send({ origins: relatedOrigins }),
    )
  app.get('/.well-known/jwks.json', (_request, reply) =>
    reply.header('cache-control', cacheControl).send(needs.signingKeys.jwks(needs.clock.now())),
  )
  app.get('/.well-known/webhook-keys.json', async (_request, reply) => {
    const keys = await needs.listWebhookKeys()
    return reply.header('cache-control', cacheControl).send(keys)
  })
}
