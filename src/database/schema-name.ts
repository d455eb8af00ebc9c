// The names of PostgreSQL's schemas that Idem takes.

/** The schema of Idem's tables unless a setting names another one. */
export const defaultSchema = 'public'

/**
 * Names that need no quotes, and that leave room for the suffix of the queue's schema: PostgreSQL cuts what is longer
 * than 63 bytes.
 */
const form = /^(?!pg_)[a-z_][a-z0-9_]{0,49}$/

/** What `isSchemaName` asks of a name, for a problem. */
export const schemaNameRule =
  'must be a letter or _ and then at most 49 letters, digits or _, all in lower case, and not begin with pg_'

/** True for the name of a schema that Idem takes. */
export const isSchemaName = (name: string): boolean => form.test(name) && name !== 'information_schema'
