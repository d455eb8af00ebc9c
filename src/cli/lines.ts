// Reads the input line by line.

import type { Readable } from 'node:stream'

/** Longer lines are cut, because no expected input is so long. In characters. */
const longestLine = 4_096

/** The lines of an input, which is opened when the first line is requested. */
export class Lines {
  readonly #queue: string[] = []
  #rest = ''
  #isOpen = false
  #hasEnded = false
  #pending: Promise<string | null> | null = null
  #wake: () => void = () => undefined

  constructor(private readonly input: Readable) {}

  /** The next line without its line end; null at the end. Concurrent calls get the same line. */
  next(): Promise<string | null> {
    this.#pending ??= this.#read().finally(() => {
      this.#pending = null
    })
    return this.#pending
  }

  /** Closes the input, so that it does not keep the process running. */
  close(): void {
    if (!this.#isOpen) return
    this.input.off('data', this.#take).off('end', this.#end).off('error', this.#end).off('close', this.#end)
    this.input.pause()
    this.#end()
  }

  async #read(): Promise<string | null> {
    this.#open()
    while (this.#queue.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#queue.shift() ?? null
  }

  #open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.input.setEncoding('utf8')
    this.input.on('data', this.#take).on('end', this.#end).on('error', this.#end).on('close', this.#end)
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
