// What is typed or piped in, line by line.

import type { Readable } from 'node:stream'

/** Nothing that is asked for here comes near this; what is longer is cut. In characters. */
const longestLine = 4_096

/** The lines of an input. It is touched at the first line that is asked for. */
export class Lines {
  readonly #queue: string[] = []
  #rest = ''
  #isOpen = false
  #hasEnded = false
  #pending: Promise<string | null> | null = null
  #wake: () => void = () => undefined

  constructor(private readonly input: Readable) {}

  /** The next line without its end, or null when there are no more. Whoever asks meanwhile gets the same one. */
  next(): Promise<string | null> {
    this.#pending ??= this.#read().finally(() => {
      this.#pending = null
    })
    return this.#pending
  }

  /** Leaves the input alone, so that it does not keep the process. */
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
