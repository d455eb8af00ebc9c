// Limits of writes: the pace of refreshes in the session's row, and an index for purging audit entries.
import { Migration } from '@mikro-orm/migrations'

const tables = `
alter table "session" add column "refreshes_paced_until" timestamptz null;

create index "audit_entry_action_at" on "audit_entry" ("action", "at");
`

/** Limits of writes. */
export class Migration0006 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
