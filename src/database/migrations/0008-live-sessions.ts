// An index for the live sessions of an account in the order of their end.
import { Migration } from '@mikro-orm/migrations'

const index = `
create index "session_live" on "session" ("account_id", "ended_at", "expires_at", "id");
`

/** The number of live sessions per account is limited, so each sign-in reads those above the limit. */
export class Migration0008 extends Migration {
  override up(): void {
    this.addSql(index)
  }
}
