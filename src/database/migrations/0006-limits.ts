// What keeps writes in bounds: the pace of refreshes in the session's own row, and an index to purge audit entries by.
import { Migration } from '@mikro-orm/migrations'

const tables = `
alter table "session" add column "refreshes_paced_until" timestamptz null;

create index "audit_entry_action_at" on "audit_entry" ("action", "at");
`

/** What keeps writes in bounds. */
export class Migration0006 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
