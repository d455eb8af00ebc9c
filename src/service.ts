// The composition root: makes what serves requests once, in the order of the rooms, and passes each what it needs.
import type { FastifyInstance } from 'fastify'
import { getChallenge } from './authentication/get-challenge.js'
import { issueChallenge } from './authentication/issue-challenge.js'
import { proveAtPage } from './authentication/prove-at-page.js'
import { confirmChallenge } from './challenges/confirm-challenge.js'
import { showConfirmation } from './challenges/show-confirmation.js'
import type { Foundation, ServiceOptions } from './foundation.js'
import { createSchema } from './graphql/schema.js'
import { startGraphqlServer } from './graphql/server.js'
import { createGraphqlStream } from './graphql/stream.js'
import { StreamPlaces } from './graphql/stream-places.js'
import { traceUseCases } from './graphql/trace-use-cases.js'
import { addApi, createApp } from './http/app.js'
import { createClientAddress } from './http/client-address.js'
import { type Readiness, readinessOf } from './http/health.js'
import { traceRequests } from './http/trace-requests.js'
import { listMails } from './mailbox/list-mails.js'
import { mailboxUrlOf } from './mailbox/mailbox-url.js'
import { showMail } from './mailbox/show-mail.js'
import { resealTotpSecrets } from './methods/totp/reseal-totp-secrets.js'
import { keepOperatorHandles } from './operators/keep-operator-handles.js'
import { warnOfFreeOperators } from './operators/warn-of-free-operators.js'
import { cancelByMail } from './password-resets/cancel-by-mail.js'
import { showPasswordReset } from './password-resets/show-password-reset.js'
import { CommonPasswords } from './passwords/common-passwords.js'
import { ensureSigningKey } from './signing-keys/ensure-signing-key.js'
import { Pace } from './throttle/pace.js'
import { AccessTokens } from './tokens/access-token.js'
import { resealEndpoints } from './webhooks/reseal-endpoints.js'

/** A running service. */
export interface Service {
  readonly app: FastifyInstance
  /** Whether it can serve, as `/readyz` says. */
  readiness(): Promise<Readiness>
  /** From now on `/readyz` answers 503, so that load balancers send no more requests. */
  drain(): void
  /** Accepts no more requests, waits for running ones, closes what it opened. */
  stop(): Promise<void>
}

/** Wait before the signing keys are read again after a failure, in milliseconds; until then the old ones are used. */
const rereadMilliseconds = 1_000

/** Starts a service on a migrated database. The caller closes the foundation. */
export const startService = async (
  options: ServiceOptions,
  foundation: Foundation,
  queueAnswers: (() => Promise<boolean>) | null = null,
): Promise<Service> => {
  const { settings, clock, random, logger, publicUrl, requestScope, traces } = options
  const { database, metrics, signingKeys, notifications, auditLog, passwordHasher, ownCall } = foundation

  const accessTokens = new AccessTokens({
    signingKeys,
    random,
    issuer: publicUrl,
    audience: settings.tokens.audience ?? publicUrl,
    lifetimeSeconds: settings.tokens.accessTokenLifetimeSeconds,
  })
  const rereadKeys = (): void => {
    signingKeys.read().then(
      // After the read, because until then tokens of a removed key would be verified, and cached, again.
      () => accessTokens.forget(),
      (error: unknown) => {
        logger.error({ err: error }, 'the signing keys cannot be read; trying again')
        setTimeout(rereadKeys, rereadMilliseconds).unref()
      },
    )
  }
  notifications.on('signing_key', rereadKeys)

  const rooms = {
    ...foundation,
    random,
    publicUrl,
    accessTokens,
    domain: new URL(publicUrl).host,
    commonPasswords: new CommonPasswords(),
    sealedChallengeLifetimeSeconds: settings.challenges.lifetimeSeconds,
    heldChallengeLifetimeSeconds: settings.challenges.mailedLifetimeSeconds,
    sessionLifetimeSeconds: settings.sessions.lifetimeSeconds,
    refreshTokenLifetimeSeconds: settings.sessions.refreshTokenLifetimeSeconds,
    refreshReplaySeconds: settings.sessions.refreshReplaySeconds,
    refreshPace: new Pace({
      windowSeconds: settings.throttle.windowSeconds,
      perWindow: settings.throttle.refreshesPerSession,
    }),
    isAuthenticationOn: settings.authentication.isOn,
    operators: settings.operators.list,
  }

  if (!settings.authentication.isOn)
    logger.warn(
      'AUTHENTICATION IS OFF (IDEM_AUTHENTICATION): everybody is believed to be whoever they say they are',
    )
  await foundation.webhookEndpoints.read()
  await ensureSigningKey(ownCall(), { signingKeys, auditLog })
  await resealTotpSecrets(ownCall(), rooms)
  await resealEndpoints(ownCall(), rooms)
  await keepOperatorHandles(ownCall(), rooms)
  await warnOfFreeOperators(ownCall(), { ...rooms, logger })

  const lists = {
    identities: settings.identities.maxPerAccount,
    sessions: settings.sessions.maxPerAccount,
    devices: settings.devices.maxPerAccount,
  }
  const schema = createSchema(rooms)
  if (traces !== null) traceUseCases(schema, traces)
  const graphql = { schema, settings: settings.graphql, lists, logger, metrics, requestScope }
  const graphqlServer = await startGraphqlServer(graphql)
  let draining = false
  const drain = (): void => {
    draining = true
  }
  const health = { isDraining: () => draining, databaseAnswers: () => database.answers(), queueAnswers }
  const { instanceId } = options
  const app = createApp({ ...rooms, ...health, settings: settings.http, instanceId, logger })
  if (traces !== null) traceRequests(app, traces)
  addApi(app, {
    ...rooms,
    relatedOrigins: settings.passkey.relatedOrigins,
    clock,
    clientAddress: createClientAddress(settings.http, logger),
    logger,
    requestScope,
    graphqlServer,
    graphqlStream: createGraphqlStream(graphql),
    streamPlaces: new StreamPlaces(settings.graphql),
    showConfirmation: (call, token) => showConfirmation(call, token, rooms),
    confirmChallenge: (call, answer) => confirmChallenge(call, answer, rooms),
    listWebhookKeys: () => foundation.webhookEndpoints.jwks(ownCall()),
    returnUrls: settings.http.returnUrls,
    issueChallenge: (call, asked) => issueChallenge(call, asked, rooms),
    getChallenge: (call, id) => getChallenge(call, id, rooms),
    proveAtPage: (call, proof) => proveAtPage(call, proof, rooms),
    showPasswordReset: (call, token) => showPasswordReset(call, token, rooms),
    cancelByMail: (call, token) => cancelByMail(call, token, rooms),
    graphiql: settings.http.graphiql,
    mailbox:
      mailboxUrlOf(options) === null
        ? null
        : { listMails: (call) => listMails(call, rooms), findMail: (call, id) => showMail(call, id, rooms) },
  })
  await notifications.start()
  return {
    app,
    readiness: () => readinessOf(health),
    drain,
    stop: async () => {
      drain()
      // Hundreds of passwords could wait for longer than running requests are given.
      passwordHasher.close()
      await app.close()
      await graphqlServer.stop()
    },
  }
}
