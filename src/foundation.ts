// The foundation of every role and command: the database, the stores, the keys and the methods.
import { DueAccounts } from './account-data/due-accounts.js'
import { Exports } from './account-data/exports.js'
import { Accounts } from './accounts/accounts.js'
import { Handles } from './accounts/handles.js'
import { IdleGuests } from './accounts/idle-guests.js'
import { AuditLog } from './audit/audit-log.js'
import { Challenges } from './challenges/challenges.js'
import { HeldChallenges } from './challenges/held-challenges.js'
import { HeldSecrets } from './challenges/held-secrets.js'
import { LoginCodes } from './challenges/login-code.js'
import { SealedChallenges } from './challenges/sealed-challenge.js'
import { Call } from './database/call.js'
import { Database } from './database/database.js'
import { Notifications } from './database/notifications.js'
import { Devices } from './devices/devices.js'
import { entities } from './entities.js'
import { FailedProofs } from './identities/failed-proofs.js'
import { Identities } from './identities/identities.js'
import { ProvenIdentities } from './identities/proven-identities.js'
import { KnownNetworks } from './mail/known-networks.js'
import { MailAsks } from './mail/mail-asks.js'
import { MailLines } from './mail/mail-lines.js'
import { Mails } from './mail/mails.js'
import { MailTemplates } from './mail/templates.js'
import type { MethodVocabulary } from './mail/words.js'
import { MergeRows } from './merge/merge-rows.js'
import { MergeTickets } from './merge/merge-ticket.js'
import { MergeUndos } from './merge/merge-undos.js'
import { Merges } from './merge/merges.js'
import { RestoredRows } from './merge/restored-rows.js'
import type { Method, MethodDefinition } from './methods/method.js'
import { relyingPartyOf } from './methods/passkey/relying-party.js'
import { createMethods, vocabularyOf } from './methods/registry.js'
import { Outbox } from './outbox/outbox.js'
import { PasswordResets } from './password-resets/password-resets.js'
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
import { Throttle } from './throttle/throttle.js'
import { KeyRing } from './tokens/key-ring.js'
import type { Secret } from './tokens/secret.js'
import { SigningKeys } from './tokens/signing-keys.js'
import { WebhookDeliveries } from './webhooks/webhook-deliveries.js'
import { WebhookEndpoints } from './webhooks/webhook-endpoints.js'
import { WebhookEvents } from './webhooks/webhook-events.js'

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
  readonly idleGuests: IdleGuests
  readonly dueAccounts: DueAccounts
  readonly exports: Exports
  readonly identities: Identities
  readonly provenIdentities: ProvenIdentities
  readonly failedProofs: FailedProofs
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
  readonly merges: Merges
  readonly mergeRows: MergeRows
  readonly mergeTickets: MergeTickets
  readonly mergeUndos: MergeUndos
  readonly restoredRows: RestoredRows
  /** Most identities and devices of an account, which a merge must keep too. */
  readonly mergeLimits: { readonly identities: number; readonly devices: number }
  readonly webhookEndpoints: WebhookEndpoints
  readonly webhookEvents: WebhookEvents
  readonly webhookDeliveries: WebhookDeliveries
  readonly outboundHttp: OutboundHttp
  readonly methods: readonly Method[]
  readonly vocabulary: MethodVocabulary
  /** Makes a call of the process itself, without principal and source. */
  readonly ownCall: () => Call
  /** Stops listening and closes the database. Called last. */
  close(): Promise<void>
}

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
  const accounts = new Accounts(notifications)
  const identities = new Identities(settings.identities)
  const provenIdentities = new ProvenIdentities()
  const secondFactors = new SecondFactors(random)
  const outbox = new Outbox(traces)
  const webhookEndpoints = new WebhookEndpoints({ database, notifications, logger })
  const webhookEvents = new WebhookEvents({ webhookEndpoints, outbox, random })
  const auditLog = new AuditLog(random, webhookEvents)
  const outboundHttp = new OutboundHttp({ networks: settings.runtime.outboundNetworks })
  const passwords = new Passwords()
  const passwordHasher = new PasswordHasher({ settings: settings.passwords, random, metrics })
  const sealedChallenges = new SealedChallenges({ keyRing, random }, publicUrl)
  const loginCodes = new LoginCodes({ keyRing, random }, publicUrl)
  const throttle = new Throttle(settings.throttle)
  const ofMethods = {
    random,
    heldSecrets,
    identities,
    provenIdentities,
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
    outboundHttp,
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
    accounts,
    handles: new Handles(),
    idleGuests: new IdleGuests(),
    dueAccounts: new DueAccounts(),
    exports: new Exports(),
    identities,
    provenIdentities,
    failedProofs: new FailedProofs(),
    secondFactors,
    devices: new Devices(settings.devices),
    passwordResets: new PasswordResets(),
    heldSecrets,
    heldChallenges,
    sealedChallenges,
    loginCodes,
    challenges: new Challenges(sealedChallenges, heldChallenges),
    sessions: new Sessions(notifications, settings.sessions),
    merges: new Merges(accounts),
    mergeRows: new MergeRows(),
    mergeTickets: new MergeTickets({ keyRing, random }, publicUrl),
    mergeUndos: new MergeUndos(),
    restoredRows: new RestoredRows(),
    mergeLimits: {
      identities: settings.identities.maxPerAccount,
      devices: settings.devices.maxPerAccount,
    },
    webhookEndpoints,
    webhookEvents,
    webhookDeliveries: new WebhookDeliveries(),
    outboundHttp,
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
