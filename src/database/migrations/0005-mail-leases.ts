// Renames the columns of a mail's lease.
import { Migration } from '@mikro-orm/migrations'

const columns = `
alter table "mail" rename column "held_by" to "leased_by";
alter table "mail" rename column "held_until" to "leased_until";
`

/** A mail is leased; only challenges are held. */
export class Migration0005 extends Migration {
  override up(): void {
    this.addSql(columns)
  }
}
