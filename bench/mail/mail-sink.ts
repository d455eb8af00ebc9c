// Starts and queries the mail sink.
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nextMessage, pidOf, type Started } from '../started.js'

/** Asks the sink to reply when it has accepted this many more mails. */
export interface SinkOrder {
  readonly mails: number
}

/** Messages of the sink: its ports; that it counts; that it has accepted all. */
export type SinkReport = SinkPorts | 'counting' | 'taken'

interface SinkPorts {
  readonly smtpPort: number
  readonly watchPort: number
}

/** A running sink. */
export class MailSink {
  private constructor(
    private readonly child: ChildProcess,
    readonly smtpPort: number,
    readonly watchPort: number,
  ) {}

  /** Starts one. */
  static async start(started: Started): Promise<MailSink> {
    const child = started.fork(fileURLToPath(new URL('./sink.js', import.meta.url)), { execArgv: [] })
    const { smtpPort, watchPort } = (await nextMessage(child)) as SinkPorts
    return new MailSink(child, smtpPort, watchPort)
  }

  get pid(): number {
    return pidOf(this.child)
  }

  /** For `SMTP_URL`. */
  get url(): string {
    return `smtp://127.0.0.1:${this.smtpPort}`
  }

  /** Starts counting. The returned function waits until `mails` more were accepted. */
  async count(mails: number): Promise<() => Promise<void>> {
    this.child.send({ mails } satisfies SinkOrder)
    await nextMessage(this.child)
    const taken = nextMessage(this.child)
    // Avoids an unhandled rejection if the caller gives up before it awaits this.
    taken.catch(() => undefined)
    return async () => void (await taken)
  }
}
