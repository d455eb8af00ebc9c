// The span of each statement of a connection: its name and its text with placeholders, never a value.
import type { ClientBase } from 'pg'
import type { SpanFacts, Traces } from '../runtime/traces.js'

/** Longer texts are cut: a statement for many rows has its columns once, so only odd ones are longer. In characters. */
const longestText = 2_000

const hasField = (value: unknown, name: string): value is object =>
  typeof value === 'object' && value !== null && name in value

/** What pg's `query` is called with: a text, or an object with text, name and values. */
const statementOf = (asked: unknown): { readonly name: string | null; readonly text: string } => {
  if (typeof asked === 'string') return { name: null, text: asked }
  const field = (name: string): unknown => (hasField(asked, name) ? Reflect.get(asked, name) : undefined)
  const [name, text] = [field('name'), field('text')]
  return { name: typeof name === 'string' ? name : null, text: typeof text === 'string' ? text : '' }
}

/**
 * Only a statement with a name has its text in the span. Those without are of the ORM, which writes values into the
 * text, or control a transaction: they have the operation and the first table, which stands before every value.
 */
const factsOf = (asked: unknown, database: unknown): SpanFacts => {
  const { name, text } = statementOf(asked)
  const operation = /^\s*([a-z]+)/i.exec(text)?.[1]?.toLowerCase() ?? 'statement'
  const table =
    name === null ? /^[^']*?\b(?:from|into|update|table) "?(\w{1,63})\b/i.exec(text)?.[1] : undefined
  return {
    name: name ?? (table === undefined ? operation : `${operation} ${table}`),
    kind: 'client',
    attributes: {
      'db.system.name': 'postgresql',
      'db.operation.name': operation,
      ...(name === null ? {} : { 'db.query.text': text.slice(0, longestText) }),
      ...(table === undefined ? {} : { 'db.collection.name': table }),
      ...(typeof database === 'string' ? { 'db.namespace': database } : {}),
    },
  }
}

/**
 * Has every statement of a connection make a span below the one under way. At the connection, so that it sees those of
 * transactions and of the ORM too. The forms that return no promise make none: with a callback, or of a cursor.
 */
export const traceStatements = (client: ClientBase, traces: Traces): void => {
  const query = client.query.bind(client)
  const database: unknown = Reflect.get(client, 'database')
  const traced = (...args: unknown[]): unknown =>
    typeof args.at(-1) === 'function' || hasField(args[0], 'submit')
      ? Reflect.apply(query, client, args)
      : traces.within(factsOf(args[0], database), () => Reflect.apply(query, client, args))
  Reflect.set(client, 'query', traced)
}
