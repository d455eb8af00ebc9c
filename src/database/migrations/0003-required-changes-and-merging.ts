// Changes that must take effect, in statements that are composed; and accounts that were merged into another.
import { Migration } from '@mikro-orm/migrations'

/** Undoes the statement that it stands in, naming the change that had to take effect and did not. */
const requiredChanges = `
create function "idem_require"("took_effect" boolean, "change" text) returns boolean language plpgsql as $$
begin
  if not "took_effect" then
    raise exception using errcode = 'IDEM0', constraint = "change", message = 'a change took no effect';
  end if;
  return true;
end $$;
`

const merging = `
alter table "account" add column "merged_into_id" uuid null
  constraint "account_merged_into_id_foreign" references "account" ("id");
create index "account_merged_into" on "account" ("merged_into_id");
`

/** Changes that must take effect, and accounts that were merged into another. */
export class Migration0003 extends Migration {
  override up(): void {
    this.addSql(requiredChanges)
    this.addSql(merging)
  }
}
