// The mail sink as the benchmark sees it.
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nextMessage, pidOf, type Started } from '../started.js'

/** Asks the sink to say when it has taken so many more mails. */
export interface SinkOrder {
  readonly mails: number
}

/** What the sink says: where it listens; that it counts; that it has taken them all. */
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

  /** Counts from now on. The function that it returns waits until `mails` more were taken. */
  async count(mails: number): Promise<() => Promise<void>> {
    this.child.send({ mails } satisfies SinkOrder)
    await nextMessage(this.child)
    const taken = nextMessage(this.child)
    // Whoever gives up before never asks for it.
    taken.catch(() => undefined)
    return async () => void (await taken)
  }
}
