// Standard output and standard error, which may be a full disk or a pipe whose reader has gone.

import type { Writable } from 'node:stream'
import type { TextSink } from './output.js'

/** A stream of the process whose faults are remembered instead of thrown. */
export class StandardStream implements TextSink {
  #fault: Error | null = null

  constructor(private readonly stream: Writable) {
    stream.on('error', (error) => {
      this.#fault ??= error
    })
  }

  write(text: string): void {
    if (this.#fault === null) this.stream.write(text)
  }

  /** Waits until everything is written; then the first fault, or null. That a reader has seen enough is none. */
  async fault(): Promise<Error | null> {
    if (this.#fault === null) await new Promise<void>((resolve) => this.stream.write('', () => resolve()))
    const fault = this.#fault
    return fault !== null && 'code' in fault && fault.code === 'EPIPE' ? null : fault
  }
}
