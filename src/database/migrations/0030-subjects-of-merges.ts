// Finds the merges in which an identity had a part, for whoever may undo them by it.
import { Migration } from '@mikro-orm/migrations'

const tables = `
create index "merge_row_subject" on "merge_row" (("row"->>'subject')) where "table_name" = 'identity';
`

/** Merges by the subjects of their identities. */
export class Migration0030 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
