// Turns what libraries write to the console into lines of the log, without the values that they quote.
import type { Logger } from './logger.js'

/** The methods of the console, and the levels of the log that they become. */
const levels = {
  trace: 'debug',
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
} as const

/** Longest text that is logged, in characters. */
const longestTitle = 80

/** The beginning of a library's line: up to the first sign that may introduce a value; undefined if it is no text. */
export const titleOf = (text: unknown): string | undefined =>
  typeof text === 'string' ? /^[^:="'`([{<@\d%/\\]*/.exec(text)?.[0].trim().slice(0, longestTitle) : undefined

/**
 * Replaces the console's methods, because libraries write errors there whole, with passwords and in several lines.
 * `isKnown` tells lines to leave out, because Idem itself says it better. Returns what restores the console.
 */
export const adoptConsole = (
  logger: Logger,
  isKnown: (line: string) => boolean = () => false,
): (() => void) => {
  const replaced = Object.entries(levels).map(([method, level]) => {
    const original: unknown = Reflect.get(console, method)
    Reflect.set(console, method, (...values: readonly unknown[]) => {
      const [first] = values
      if (typeof first === 'string' && isKnown(first)) return
      const err = values.find((value) => value instanceof Error)
      logger[level]({ title: titleOf(first), err }, 'a library wrote to the console')
    })
    return () => void Reflect.set(console, method, original)
  })
  return () => {
    for (const restore of replaced) restore()
  }
}
