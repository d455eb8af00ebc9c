// A mail is leased to the try that sends it: the columns say so.
import { Migration } from '@mikro-orm/migrations'

const columns = `
alter table "mail" rename column "held_by" to "leased_by";
alter table "mail" rename column "held_until" to "leased_until";
`

/** A mail is leased, not held: "held" is said of challenges. */
export class Migration0005 extends Migration {
  override up(): void {
    this.addSql(columns)
  }
}
