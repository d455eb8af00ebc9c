// Reads the input line by line.

import type { Readable } from 'node:stream'

/** Longer lines are cut, because no expected input is so long. In characters. */
const longestLine = 4_096

/**
 * The lines of an input, which is read only while a line is awaited, so that it does not keep the process running and
 * others can read it in between.
 */
export class Lines {
  readonly #queue: string[] = []
  #rest = ''
  #isReading = false
  #hasEnded = false
  #pending: Promise<string | null> | null = null
  #wake: () => void = () => undefined

  constructor(private readonly input: Readable) {}

  /** The next line without its line end; null at the end. Concurrent calls get the same line. */
  next(): Promise<string | null> {
    this.#pending ??= this.#read().finally(() => {
      this.#pending = null
      this.rest()
    })
    if (this.#queue.length === 0) this.#start()
    return this.#pending
  }

  /** Stops reading; a line that is awaited stays awaited until the next call of `next`. */
  rest(): void {
    if (!this.#isReading) return
    this.#isReading = false
    this.input.off('data', this.#take).off('end', this.#end).off('error', this.#end).off('close', this.#end)
    this.input.pause()
  }

  async #read(): Promise<string | null> {
    while (this.#queue.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#queue.shift() ?? null
  }

  #start(): void {
    if (this.#isReading || this.#hasEnded) return
    const { input } = this
    // Read to its end already, for example as a private key: it has no further events.
    if (input.readableEnded || input.destroyed) {
      this.#end()
      return
    }
    this.#isReading = true
    input.setEncoding('utf8')
    input.on('data', this.#take).on('end', this.#end).on('error', this.#end).on('close', this.#end)
    input.resume()
  }

  readonly #take = (chunk: string): void => {
    const lines = (this.#rest + chunk).split(/\r?\n/)
    this.#rest = (lines.pop() ?? '').slice(0, longestLine)
    this.#queue.push(...lines.map((line) => line.slice(0, longestLine)))
    this.#wake()
  }

  readonly #end = (): void => {
    if (!this.#hasEnded && this.#rest !== '') this.#queue.push(this.#rest)
    this.#rest = ''
    this.#hasEnded = true
    this.#wake()
  }
}
