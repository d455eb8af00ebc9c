// Finds the live sessions of an account, the one that ends last first, however many it had.
import { Migration } from '@mikro-orm/migrations'

const index = `
create index "session_live" on "session" ("account_id", "ended_at", "expires_at", "id");
`

/** An account has a limited number of live sessions: each sign-in looks for those beyond it. */
export class Migration0008 extends Migration {
  override up(): void {
    this.addSql(index)
  }
}
