// The one list of settings sections.
import { accountSettings } from './accounts/settings.js'
import { auditSettings } from './audit/settings.js'
import { authenticationSettings } from './authentication/settings.js'
import { challengeSettings } from './challenges/settings.js'
import type { AllValuesOf } from './config/read-environment.js'
import { databaseSettings } from './database/settings.js'
import { deviceSettings } from './devices/settings.js'
import { graphqlSettings } from './graphql/settings.js'
import { httpSettings } from './http/settings.js'
import { identitySettings } from './identities/settings.js'
import { mailSettings } from './mail/settings.js'
import { passkeySettings } from './methods/passkey/settings.js'
import { walletSettings } from './methods/wallet/settings.js'
import { operatorSettings } from './operators/settings.js'
import { outboxSettings } from './outbox/settings.js'
import { passwordSettings } from './passwords/settings.js'
import { queueSettings } from './queue/settings.js'
import { runtimeSettings } from './runtime/settings.js'
import { sessionSettings } from './sessions/settings.js'
import { throttleSettings } from './throttle/settings.js'
import { tokenSettings } from './tokens/settings.js'
import { webhookSettings } from './webhooks/settings.js'

/** Every setting of the service, by room. */
export const settingsSections = {
  http: httpSettings,
  runtime: runtimeSettings,
  database: databaseSettings,
  queue: queueSettings,
  mail: mailSettings,
  outbox: outboxSettings,
  audit: auditSettings,
  authentication: authenticationSettings,
  operators: operatorSettings,
  accounts: accountSettings,
  identities: identitySettings,
  devices: deviceSettings,
  tokens: tokenSettings,
  challenges: challengeSettings,
  sessions: sessionSettings,
  webhooks: webhookSettings,
  passkey: passkeySettings,
  throttle: throttleSettings,
  passwords: passwordSettings,
  wallets: walletSettings,
  graphql: graphqlSettings,
}

/** The parsed settings. */
export type Settings = AllValuesOf<typeof settingsSections>

/** Variables of the command line tool, which are no settings of the service. */
export const clientVariables = ['IDEM_URL', 'IDEM_CONFIG', 'IDEM_PRIVATE_KEY']
