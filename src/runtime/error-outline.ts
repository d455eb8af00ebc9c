// What may be logged of an error that a request led to: where it arose and of what kind, never its words.

/** An error without its message: libraries quote in it what they were given, and so would the log. */
export interface ErrorOutline {
  /** The name of its class. */
  readonly type: string
  /** Node's code or the SQLSTATE. */
  readonly code?: string
  /** PostgreSQL's: what the statement broke, and where. */
  readonly constraint?: string
  readonly table?: string
  readonly column?: string
  /** The calls that led to it, the innermost first. */
  readonly frames: readonly string[]
  readonly cause?: ErrorOutline
}

/** Names that libraries put beside the message; none is made of input. */
const namedFacts = ['code', 'constraint', 'table', 'column'] as const

/** A chain of causes is cut here: it may be a circle. */
const deepestCause = 5

/** A line of a stack that names a place in code. A line of the message may look like one, and is left out. */
const framesOf = ({ stack = '', message }: Error): string[] =>
  stack
    .split('\n')
    .filter((line) => /^ {4}at \S/.test(line) && !message.includes(line))
    .map((line) => line.slice('    at '.length))

/** The outline of anything that was thrown. */
export const outlineOf = (error: unknown, depth = 0): ErrorOutline => {
  if (!(error instanceof Error)) return { type: typeof error, frames: [] }
  const facts = namedFacts.flatMap((name) => {
    const value: unknown = Reflect.get(error, name)
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return {
    type: error.constructor.name,
    ...Object.fromEntries(facts),
    frames: framesOf(error),
    ...(error.cause instanceof Error && depth < deepestCause
      ? { cause: outlineOf(error.cause, depth + 1) }
      : {}),
  }
}
