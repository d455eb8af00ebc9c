// The settings of the database.
import { type ParseContext, SettingProblem, text, wholeNumber } from '../config/setting.js'
import { readAddress, withSchema } from './address.js'
import { defaultSchema, isSchemaName, schemaNameRule } from './schema-name.js'

const url = (raw: string | undefined, { production, other }: ParseContext): string | null => {
  if (raw === undefined) {
    if (production)
      throw new SettingProblem('must be set in production, e.g. postgres://idem:…@db.example.org/idem')
    return null
  }
  readAddress(raw)
  const schema = other('IDEM_DATABASE_SCHEMA')
  return schema !== undefined && isSchemaName(schema) ? withSchema(raw, schema) : raw
}

const listenUrl = (raw: string | undefined, context: ParseContext): string | null => {
  if (raw === undefined) return null
  if (context.other('DATABASE_URL') === undefined && context.other('DATABASE_URL_FILE') === undefined)
    throw new SettingProblem('goes with DATABASE_URL, which is not set')
  return url(raw, context)
}

/** Settings of the database room. */
export const databaseSettings = {
  url: text('DATABASE_URL', 'PostgreSQL 15 or newer, as a URL', {
    defaultText: 'an embedded PostgreSQL under IDEM_DATA_DIR (development only)',
    secret: true,
    parse: url,
  }),
  listenUrl: text(
    'DATABASE_LISTEN_URL',
    'The same database past a pooler that lends connections for a transaction: for notifications, locks, migrations and the queue',
    { defaultText: 'DATABASE_URL', secret: true, parse: listenUrl },
  ),
  schema: text(
    'IDEM_DATABASE_SCHEMA',
    "Schema of Idem's tables, made if it is missing; the queue's tables are in bullmq, or in this one's name with _bullmq appended",
    {
      defaultText: defaultSchema,
      parse: (raw = defaultSchema): string => {
        if (!isSchemaName(raw)) throw new SettingProblem(schemaNameRule)
        return raw
      },
    },
  ),
  dataDir: text('IDEM_DATA_DIR', 'Folder of the embedded PostgreSQL and the development secret', {
    defaultText: '.idem',
    parse: (raw) => raw ?? '.idem',
  }),
  poolSize: wholeNumber('IDEM_DATABASE_POOL_SIZE', 'Most database connections of a process', {
    default: 10,
    least: 2,
    most: 200,
  }),
}
