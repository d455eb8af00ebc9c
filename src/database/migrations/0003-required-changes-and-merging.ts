// Required changes in composed statements; merged accounts.
import { Migration } from '@mikro-orm/migrations'

/** Raises an error, which undoes the statement, with the name of the required change that had no effect. */
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

/** Required changes, and merged accounts. */
export class Migration0003 extends Migration {
  override up(): void {
    this.addSql(requiredChanges)
    this.addSql(merging)
  }
}
