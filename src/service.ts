// The composition root: makes every room once, in their order, and passes each what it needs.
import type { FastifyInstance } from 'fastify'
import { Accounts } from './accounts/accounts.js'
import { Handles } from './accounts/handles.js'
import { AuditLog } from './audit/audit-log.js'
import { getChallenge } from './authentication/get-challenge.js'
import { issueChallenge } from './authentication/issue-challenge.js'
import { proveAtPage } from './authentication/prove-at-page.js'
import { Challenges } from './challenges/challenges.js'
import { confirmChallenge } from './challenges/confirm-challenge.js'
import { HeldChallenges } from './challenges/held-challenges.js'
import { HeldSecrets } from './challenges/held-secrets.js'
import { LoginCodes } from './challenges/login-code.js'
import { SealedChallenges } from './challenges/sealed-challenge.js'
import { showConfirmation } from './challenges/show-confirmation.js'
import { isLoopback } from './config/loopback.js'
import { Call } from './database/call.js'
import { Database } from './database/database.js'
import { Notifications } from './database/notifications.js'
import { Devices } from './devices/devices.js'
import { entities } from './entities.js'
import { createSchema } from './graphql/schema.js'
import { startGraphqlServer } from './graphql/server.js'
import { createGraphqlStream } from './graphql/stream.js'
import { StreamPlaces } from './graphql/stream-places.js'
import { traceUseCases } from './graphql/trace-use-cases.js'
import { addApi, createApp } from './http/app.js'
import { createClientAddress } from './http/client-address.js'
import { type Readiness, readinessOf } from './http/health.js'
import { traceRequests } from './http/trace-requests.js'
import { Identities } from './identities/identities.js'
import { KnownNetworks } from './mail/known-networks.js'
import { MailAsks } from './mail/mail-asks.js'
import { MailLines } from './mail/mail-lines.js'
import { Mails } from './mail/mails.js'
import { MailTemplates } from './mail/templates.js'
import type { MethodVocabulary } from './mail/words.js'
import { listMails } from './mailbox/list-mails.js'
import { showMail } from './mailbox/show-mail.js'
import type { Method, MethodDefinition } from './methods/method.js'
import { relyingPartyOf } from './methods/passkey/relying-party.js'
import { createMethods, vocabularyOf } from './methods/registry.js'
import { resealTotpSecrets } from './methods/totp/reseal-totp-secrets.js'
import { keepOperatorHandles } from './operators/keep-operator-handles.js'
import { warnOfFreeOperators } from './operators/warn-of-free-operators.js'
import { Outbox } from './outbox/outbox.js'
import { cancelByMail } from './password-resets/cancel-by-mail.js'
import { PasswordResets } from './password-resets/password-resets.js'
import { showPasswordReset } from './password-resets/show-password-reset.js'
import { CommonPasswords } from './passwords/common-passwords.js'
import { PasswordHasher } from './passwords/password-hasher.js'
import { Passwords } from './passwords/passwords.js'
import type { Clock } from './runtime/clock.js'
import type { Logger } from './runtime/logger.js'
import { createMetrics, type Metrics } from './runtime/metrics.js'
import { OutboundHttp } from './runtime/outbound-http.js'
import type { Random } from './runtime/random.js'
import type { RequestScope } from './runtime/request-scope.js'
import type { Traces } from './runtime/traces.js'
import { SecondFactors } from './second-factors/second-factors.js'
import { Sessions } from './sessions/sessions.js'
import type { Settings } from './settings.js'
import { ensureSigningKey } from './signing-keys/ensure-signing-key.js'
import { Pace } from './throttle/pace.js'
import { Throttle } from './throttle/throttle.js'
import { AccessTokens } from './tokens/access-token.js'
import { KeyRing } from './tokens/key-ring.js'
import type { Secret } from './tokens/secret.js'
import { SigningKeys } from './tokens/signing-keys.js'

/** The options of a service: the complete settings, and dependencies that a test replaces. */
export interface ServiceOptions {
  readonly settings: Settings
  readonly databaseUrl: string
  /** For what needs a session of its own: the same, or past a pooler that lends connections. */
  readonly directUrl: string
  readonly secrets: readonly Secret[]
  readonly publicUrl: string
  /** Every way to prove who one is. */
  readonly methodDefinitions: readonly MethodDefinition[]
  readonly instanceId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly requestScope: RequestScope
  /** Null where they are off. */
  readonly traces: Traces | null
  /** Called before each new attempt while the database cannot be reached. */
  readonly recoverDatabase: () => Promise<void>
}

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

/** The common part of all roles and of the operator's commands: the database, its stores, and the keys. */
export interface Foundation {
  readonly database: Database
  readonly notifications: Notifications
  readonly metrics: Metrics
  readonly keyRing: KeyRing
  readonly signingKeys: SigningKeys
  readonly auditLog: AuditLog
  readonly throttle: Throttle
  readonly mailAsks: MailAsks
  readonly mailLines: MailLines
  readonly knownNetworks: KnownNetworks
  readonly mails: Mails
  readonly templates: MailTemplates
  readonly outbox: Outbox
  readonly accounts: Accounts
  readonly handles: Handles
  readonly identities: Identities
  readonly secondFactors: SecondFactors
  readonly devices: Devices
  readonly passwordResets: PasswordResets
  readonly heldSecrets: HeldSecrets
  readonly heldChallenges: HeldChallenges
  readonly sealedChallenges: SealedChallenges
  readonly loginCodes: LoginCodes
  readonly challenges: Challenges
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly passwordHasher: PasswordHasher
  readonly methods: readonly Method[]
  readonly vocabulary: MethodVocabulary
  /** Makes a call of the process itself, without principal and source. */
  readonly ownCall: () => Call
  /** Stops listening and closes the database. Called last. */
  close(): Promise<void>
}

/**
 * The URL of the mailbox page; null if these settings do not serve it. The page shows every code, so it is served only
 * to this machine, and not behind a proxy, which hides where a request comes from.
 */
export const mailboxUrlOf = ({
  publicUrl,
  settings: { http, mail },
}: Pick<ServiceOptions, 'publicUrl' | 'settings'>): string | null =>
  mail.relays === null && isLoopback(new URL(publicUrl).hostname) && http.trustedProxies.length === 0
    ? `${publicUrl}/mailbox`
    : null

/** Wait before the signing keys are read again after a failure, in milliseconds; until then the old ones are used. */
const rereadMilliseconds = 1_000

/** Opens the database, the stores and the keys. `notifications` listen after their start. */
export const openFoundation = async (options: ServiceOptions): Promise<Foundation> => {
  const { settings, logger, random, publicUrl, traces } = options
  const templates = await MailTemplates.load(settings.mail.templates)
  const metrics = createMetrics()
  const { poolSize } = settings.database
  const database = await Database.open({
    url: options.databaseUrl,
    directUrl: options.directUrl,
    poolSize,
    entities,
    logger,
    metrics,
    traces,
  })
  const notifications = new Notifications(options.directUrl, database, logger, metrics)
  notifications.whenLost(options.recoverDatabase)
  const keyRing = new KeyRing(options.secrets)
  const { accessTokenLifetimeSeconds } = settings.tokens
  const heldChallenges = new HeldChallenges()
  const heldSecrets = new HeldSecrets(keyRing)
  const identities = new Identities(settings.identities)
  const secondFactors = new SecondFactors(random)
  const auditLog = new AuditLog(random)
  const outbox = new Outbox(traces)
  const passwords = new Passwords()
  const passwordHasher = new PasswordHasher({ settings: settings.passwords, random, metrics })
  const sealedChallenges = new SealedChallenges({ keyRing, random }, publicUrl)
  const loginCodes = new LoginCodes({ keyRing, random }, publicUrl)
  const throttle = new Throttle(settings.throttle)
  const ofMethods = {
    random,
    heldSecrets,
    identities,
    secondFactors,
    keyRing,
    auditLog,
    outbox,
    loginCodes,
    publicUrl,
    passwords,
    passwordHasher,
    relyingParty: relyingPartyOf(settings.passkey, publicUrl),
    throttle,
    outboundHttp: new OutboundHttp({ networks: settings.runtime.outboundNetworks }),
    walletRpc: settings.wallets.rpc,
  }
  const source = { network: 'none', address: 'none', userAgent: null, acceptLanguage: null }
  return {
    database,
    notifications,
    metrics,
    keyRing,
    signingKeys: new SigningKeys({ database, keyRing, random, accessTokenLifetimeSeconds }),
    auditLog,
    throttle,
    mailAsks: new MailAsks(settings.mail),
    mailLines: new MailLines(settings.mail.mailsPerDomain),
    knownNetworks: new KnownNetworks(),
    mails: new Mails(),
    templates,
    outbox,
    accounts: new Accounts(notifications),
    handles: new Handles(),
    identities,
    secondFactors,
    devices: new Devices(settings.devices),
    passwordResets: new PasswordResets(),
    heldSecrets,
    heldChallenges,
    sealedChallenges,
    loginCodes,
    challenges: new Challenges(sealedChallenges, heldChallenges),
    sessions: new Sessions(notifications, settings.sessions),
    methods: createMethods(options.methodDefinitions, ofMethods),
    passwords,
    passwordHasher,
    vocabulary: vocabularyOf(options.methodDefinitions),
    ownCall: () =>
      new Call(database, {
        principal: null,
        now: options.clock.now(),
        requestId: options.instanceId,
        source,
      }),
    close: async () => {
      await notifications.stop()
      await database.close()
    },
  }
}

/** Starts a service on a migrated database. The caller closes the foundation. */
export const startService = async (
  options: ServiceOptions,
  foundation: Foundation,
  queueAnswers: (() => Promise<boolean>) | null = null,
): Promise<Service> => {
  const { settings, clock, random, logger, publicUrl, requestScope, traces } = options
  const { database, metrics, signingKeys, notifications, auditLog, ownCall } = foundation

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
  await ensureSigningKey(ownCall(), { signingKeys, auditLog })
  await resealTotpSecrets(ownCall(), rooms)
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
      await app.close()
      await graphqlServer.stop()
    },
  }
}
