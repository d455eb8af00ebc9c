// The one list of tables.
import { Account } from './accounts/account.js'
import { Handle } from './accounts/handle.js'
import { AuditEntry } from './audit/audit-entry.js'
import { HeldChallenge } from './challenges/held-challenge.js'
import { SpentChallenge } from './challenges/spent-challenge.js'
import { Device } from './devices/device.js'
import { Identity } from './identities/identity.js'
import { RetiredIdentity } from './identities/retired-identity.js'
import { KnownNetwork } from './mail/known-network.js'
import { Mail } from './mail/mail.js'
import { MailLine } from './mail/mail-line.js'
import { Merge } from './merge/merge.js'
import { MergeRow } from './merge/merge-row.js'
import { OutboxEntry } from './outbox/outbox-entry.js'
import { PasswordReset } from './password-resets/password-reset.js'
import { SecondFactor } from './second-factors/second-factor.js'
import { Session } from './sessions/session.js'
import { ThrottleCounter } from './throttle/throttle-counter.js'
import { SigningKey } from './tokens/signing-key.js'
import { WebhookDelivery } from './webhooks/webhook-delivery.js'
import { WebhookEndpoint } from './webhooks/webhook-endpoint.js'
import { WebhookEvent } from './webhooks/webhook-event.js'

/** Every table of Idem. */
export const entities = [
  ThrottleCounter,
  SigningKey,
  AuditEntry,
  Account,
  Handle,
  Identity,
  RetiredIdentity,
  SecondFactor,
  Device,
  PasswordReset,
  SpentChallenge,
  HeldChallenge,
  Mail,
  MailLine,
  KnownNetwork,
  OutboxEntry,
  Session,
  Merge,
  MergeRow,
  WebhookEndpoint,
  WebhookEvent,
  WebhookDelivery,
]
