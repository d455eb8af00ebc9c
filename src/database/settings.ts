// The settings of the database.
import { SettingProblem, text, wholeNumber } from '../config/setting.js'
import { readAddress } from './address.js'

const url = (raw: string | undefined, context: { readonly production: boolean }): string | null => {
  if (raw === undefined) {
    if (context.production)
      throw new SettingProblem('must be set in production, e.g. postgres://idem:…@db.example.org/idem')
    return null
  }
  readAddress(raw)
  return raw
}

/** Settings of the database room. */
export const databaseSettings = {
  url: text('DATABASE_URL', 'PostgreSQL 15 or newer, as a URL', {
    defaultText: 'an embedded PostgreSQL under IDEM_DATA_DIR (development only)',
    secret: true,
    parse: url,
  }),
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
