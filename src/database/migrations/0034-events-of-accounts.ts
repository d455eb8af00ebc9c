// Finds the events of an account, for its export and its deletion.
import { Migration } from '@mikro-orm/migrations'

const tables = `
create index "webhook_event_account" on "webhook_event" ("account_id", "id");
`

/** Events by account. */
export class Migration0034 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
