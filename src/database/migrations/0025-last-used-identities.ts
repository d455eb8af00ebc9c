// When a proof of an identity last held.
import { Migration } from '@mikro-orm/migrations'

// Null for identities from before, until their next proof: filling it would rewrite the table while nobody can sign in.
const tables = `
alter table "identity" add column "last_used_at" timestamptz null;
`

/** The last use of identities. */
export class Migration0025 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
