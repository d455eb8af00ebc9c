// The composition root: makes every room once and hands each what it needs, from top to bottom.
import type { FastifyInstance } from 'fastify'
import { Accounts } from './accounts/accounts.js'
import { AuditLog } from './audit/audit-log.js'
import { ensureSigningKey } from './authentication/ensure-signing-key.js'
import { Challenges } from './challenges/challenges.js'
import { SealedChallenges } from './challenges/sealed-challenge.js'
import { Call } from './database/call.js'
import { Database } from './database/database.js'
import { Notifications } from './database/notifications.js'
import { entities } from './entities.js'
import { createSchema } from './graphql/schema.js'
import { startGraphqlServer } from './graphql/server.js'
import { createApp } from './http/app.js'
import { Identities } from './identities/identities.js'
import { createMethods } from './methods/registry.js'
import type { Clock } from './runtime/clock.js'
import type { Logger } from './runtime/logger.js'
import { createMetrics, type Metrics } from './runtime/metrics.js'
import type { Random } from './runtime/random.js'
import type { RequestScope } from './runtime/request-scope.js'
import { Sessions } from './sessions/sessions.js'
import type { Settings } from './settings.js'
import { Throttle } from './throttle/throttle.js'
import { AccessTokens } from './tokens/access-token.js'
import { KeyRing } from './tokens/key-ring.js'
import type { Secret } from './tokens/secret.js'
import { SigningKeys } from './tokens/signing-keys.js'

/** What a service runs on: the settings with nothing left open, and what a test replaces. */
export interface ServiceOptions {
  readonly settings: Settings
  readonly databaseUrl: string
  readonly secrets: readonly Secret[]
  readonly publicUrl: string
  readonly instanceId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly requestScope: RequestScope
  /** Called when the database cannot be reached, before each new try. */
  readonly recoverDatabase: () => Promise<void>
}

/** A running service. */
export interface Service {
  readonly app: FastifyInstance
  /** Stops taking requests, lets those under way finish, closes what it opened. */
  stop(): Promise<void>
}

/** What the service and the operator's commands share: the database, and the keys sealed in it. */
export interface Foundation {
  readonly database: Database
  readonly metrics: Metrics
  readonly keyRing: KeyRing
  readonly signingKeys: SigningKeys
  readonly auditLog: AuditLog
  /** A call by nobody from nowhere: what the process itself does. */
  readonly ownCall: () => Call
}

/** A process that cannot read the signing keys goes on with those it has, and asks again this often. */
const rereadMilliseconds = 1_000

/** Opens the database and the keys. */
export const openFoundation = async (options: ServiceOptions): Promise<Foundation> => {
  const { settings, logger } = options
  const metrics = createMetrics()
  const { poolSize } = settings.database
  const database = await Database.open({ url: options.databaseUrl, poolSize, entities, logger, metrics })
  const keyRing = new KeyRing(options.secrets)
  const signingKeys = new SigningKeys({
    database,
    keyRing,
    accessTokenLifetimeSeconds: settings.tokens.accessTokenLifetimeSeconds,
  })
  const source = { network: 'none', address: 'none', userAgent: null }
  const ownCall = () =>
    new Call(database, { principal: null, now: options.clock.now(), requestId: options.instanceId, source })
  return { database, metrics, keyRing, signingKeys, auditLog: new AuditLog(options.random), ownCall }
}

/** Starts a service on a database whose migrations have been applied. Closing the foundation is left to its opener. */
export const startService = async (options: ServiceOptions, foundation: Foundation): Promise<Service> => {
  const { settings, clock, random, logger, publicUrl, requestScope } = options
  const { database, metrics, keyRing, signingKeys, auditLog, ownCall } = foundation
  const notifications = new Notifications(options.databaseUrl, logger, metrics)
  notifications.whenLost(options.recoverDatabase)

  const accessTokens = new AccessTokens({
    signingKeys,
    random,
    issuer: publicUrl,
    audience: settings.tokens.audience ?? publicUrl,
    lifetimeSeconds: settings.tokens.accessTokenLifetimeSeconds,
  })
  const rereadKeys = (): void => {
    signingKeys.read().then(
      // Only then: until the keys are read, tokens of a removed one would be checked, and remembered, once more.
      () => accessTokens.forget(),
      (error: unknown) => {
        logger.error({ err: error }, 'the signing keys cannot be read; trying again')
        setTimeout(rereadKeys, rereadMilliseconds).unref()
      },
    )
  }
  notifications.on('signing_key', rereadKeys)

  const rooms = {
    random,
    metrics,
    keyRing,
    accessTokens,
    throttle: new Throttle(settings.throttle),
    auditLog,
    accounts: new Accounts(notifications),
    identities: new Identities(),
    challenges: new Challenges(),
    sealedChallenges: new SealedChallenges(keyRing, publicUrl),
    sessions: new Sessions(notifications),
    methods: createMethods({ random }),
    domain: new URL(publicUrl).host,
    challengeLifetimeSeconds: settings.challenges.lifetimeSeconds,
    sessionLifetimeSeconds: settings.sessions.lifetimeSeconds,
    refreshTokenLifetimeSeconds: settings.sessions.refreshTokenLifetimeSeconds,
    refreshReplaySeconds: settings.sessions.refreshReplaySeconds,
  }

  await ensureSigningKey(ownCall(), { signingKeys, auditLog })

  const graphqlServer = await startGraphqlServer({
    schema: createSchema(rooms),
    settings: settings.graphql,
    logger,
    metrics,
    requestScope,
  })
  let draining = false
  const app = await createApp({
    settings: settings.http,
    publicUrl,
    instanceId: options.instanceId,
    graphqlServer,
    database,
    sessions: rooms.sessions,
    accessTokens,
    signingKeys,
    clock,
    random,
    logger,
    metrics,
    requestScope,
    isDraining: () => draining,
    databaseAnswers: () => database.answers(),
  })
  await notifications.start()
  return {
    app,
    stop: async () => {
      draining = true
      await app.close()
      await graphqlServer.stop()
      await notifications.stop()
    },
  }
}
