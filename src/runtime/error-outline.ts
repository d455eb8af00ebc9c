// The part of an error that may be logged: its kind and its place in the code, never its message.

/** An error without its message, because libraries quote input in messages. */
export interface ErrorOutline {
  /** The name of its class. */
  readonly type: string
  /** Node's code or the SQLSTATE. */
  readonly code?: string
  /** PostgreSQL's details: the violated constraint and its table. */
  readonly constraint?: string
  readonly table?: string
  readonly column?: string
  /** The stack, innermost call first. */
  readonly frames: readonly string[]
  readonly cause?: ErrorOutline
}

/** Properties that libraries add beside the message; none contains input. */
const namedFacts = ['code', 'constraint', 'table', 'column'] as const

/** Most causes, because a chain of causes may be circular. */
const deepestCause = 5

/** A line of a stack with a place in the code. Lines of the message, which may look like one, are left out. */
const framesOf = ({ stack = '', message }: Error): string[] =>
  stack
    .split('\n')
    .filter((line) => /^ {4}at \S/.test(line) && !message.includes(line))
    .map((line) => line.slice('    at '.length))

/** The outline of any thrown value. */
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
