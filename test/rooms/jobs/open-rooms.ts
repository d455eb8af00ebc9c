// What jobs work with, without a service: the real stores on a real database, a real SMTP server, a clock that the test moves.
import { onTestFinished } from 'vitest'
import type { SendMailNeeds } from '../../../jobs/send-mail.js'
import { startWorker, type Worker } from '../../../jobs/worker.js'
import { issueChallenge } from '../../../src/authentication/issue-challenge.js'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { Call } from '../../../src/database/call.js'
import { type Foundation, openFoundation, type ServiceOptions } from '../../../src/foundation.js'
import type { Mailer } from '../../../src/mail/mailer.js'
import { SmtpMailer } from '../../../src/mail/smtp-mailer.js'
import { methodDefinitions } from '../../../src/methods/registry.js'
import { systemClock } from '../../../src/runtime/clock.js'
import { createLogger } from '../../../src/runtime/logger.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { RequestScope } from '../../../src/runtime/request-scope.js'
import { settingsSections } from '../../../src/settings.js'
import { Secret } from '../../../src/tokens/secret.js'
import { createDatabase, MovableClock, mailServerFor } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

/** For processes that work on the same database. */
export const secretOfRooms = 'the-secret-of-the-rooms-of-this-test'

/** Where others come. */
const publicUrl = 'https://id.example.org'

/** What a test may set. */
export interface RoomsOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly databaseUrl?: string
  readonly clock?: MovableClock
  /** Goes by the machine's clock, where other processes do, too. */
  readonly clockRuns?: true
}

/** The rooms of one process, and a look into its database. */
export class Rooms {
  constructor(
    readonly options: ServiceOptions,
    readonly foundation: Foundation,
    readonly tables: Tables,
    readonly clock: MovableClock,
    readonly logLines: readonly string[],
  ) {}

  /** A call of the process's own, as of now. */
  call(): Call {
    return this.foundation.ownCall()
  }

  /** A call by nobody from a network, as of now. */
  callFrom(network: string): Call {
    const { principal, now, requestId, source } = this.call()
    return new Call(this.foundation.database, { principal, now, requestId, source: { ...source, network } })
  }

  /** Asks for a challenge by mail, as a request from a network does; the id of its mail. */
  async askForMail(address: string, network = 'none'): Promise<string> {
    const { foundation, options } = this
    const { random, settings, publicUrl } = options
    const { challenge } = await issueChallenge(
      this.callFrom(network),
      { request: { email: { address } }, purpose: 'SIGN_IN' },
      {
        ...foundation,
        random,
        domain: new URL(publicUrl).host,
        sealedChallengeLifetimeSeconds: settings.challenges.lifetimeSeconds,
        heldChallengeLifetimeSeconds: settings.challenges.mailedLifetimeSeconds,
      },
    )
    const [mail] = await this.tables.query('select id from mail where cause_id = $1', [challenge.nonce])
    return String(mail.id)
  }

  /** What `sendMail` works with, over SMTP. */
  mailRooms(mailer: Mailer = this.mailer()): SendMailNeeds {
    const { random, publicUrl } = this.options
    return { ...this.foundation, mailer, random, publicUrl }
  }

  /** A mailer over the SMTP servers of the settings, closed after the test. */
  mailer(): Mailer {
    const { relays, from, ...pool } = this.options.settings.mail
    const sender = from ?? { name: 'Idem', address: 'no-reply@id.example.org' }
    const mailer = new SmtpMailer({ ...pool, relays: relays ?? [], from: sender })
    onTestFinished(async () => await mailer.close())
    return mailer
  }

  /** Starts a worker, which is stopped after the test. */
  async work(): Promise<Worker> {
    const worker = await startWorker(this.options, this.foundation)
    onTestFinished(async () => await worker.stop())
    return worker
  }

  /** Where a mail stands, and what was said of it. */
  async mail(id: string): Promise<{ readonly state: string; readonly reply: string | null }> {
    const [row] = await this.tables.query('select state, reply from mail where id = $1', [id])
    return row
  }

  /** How many jobs of the outbox are done. */
  async doneJobs(): Promise<number> {
    const [row] = await this.tables.query(
      'select count(*)::int as count from outbox_entry where done_at is not null',
    )
    return row.count
  }

  /** How many statements wait for a lock that the test has. */
  async waitingForLocks(): Promise<number> {
    const [row] = await this.tables.query(`select count(*)::int as count from pg_locks where not granted
      and database = (select oid from pg_database where datname = current_database())`)
    return row.count
  }

  /** The value of a metric with these labels. */
  async metric(name: string, labels: Readonly<Record<string, string>>): Promise<number> {
    const text = await this.foundation.metrics.registry.metrics()
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    const line = text
      .split('\n')
      .find((one) => one.startsWith(`${name}{`) && wanted.every((label) => one.includes(label)))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
}

/** Opens the rooms of one process; they are closed after the test. */
export const openRooms = async (options: RoomsOptions = {}): Promise<Rooms> => {
  const settings = readEnvironment(settingsSections, {
    IDEM_THROTTLE_MAILS_PER_SUBJECT: '1000',
    ...mailServerFor({ IDEM_PUBLIC_URL: publicUrl }),
    ...options.environment,
  })
  const clock = options.clock ?? new MovableClock()
  const databaseUrl = options.databaseUrl ?? (await createDatabase())
  const logLines: string[] = []
  const requestScope = new RequestScope()
  const serviceOptions: ServiceOptions = {
    settings,
    databaseUrl,
    directUrl: settings.database.listenUrl ?? databaseUrl,
    secrets: [new Secret(secretOfRooms)],
    publicUrl,
    methodDefinitions,
    instanceId: systemRandom.uuid(),
    clock: options.clockRuns ? systemClock : clock,
    random: systemRandom,
    logger: createLogger({
      level: settings.runtime.logLevel,
      requestScope,
      destination: { write: (line: string) => void logLines.push(line) },
    }),
    requestScope,
    traces: null,
    recoverDatabase: async () => undefined,
  }
  const foundation = await openFoundation(serviceOptions)
  onTestFinished(async () => await foundation.close())
  await foundation.webhookEndpoints.read()
  const tables = await Tables.open(databaseUrl)
  onTestFinished(async () => await tables.close())
  return new Rooms(serviceOptions, foundation, tables, clock, logLines)
}
