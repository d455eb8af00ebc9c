// Handles that nobody ever used become free again: since when each was given up, and since when it is kept for ever.
import { Migration } from '@mikro-orm/migrations'

const tables = `
alter table "handle"
  add column "given_up_at" timestamptz null,
  add column "kept_since" timestamptz null;
-- Nobody knows for how long these were in use.
update "handle" h set "kept_since" = now()
  where not exists (select 1 from "account" a where a."handle" = h."name");
create index "handle_unsettled" on "handle" ("taken_at") where "kept_since" is null;
`

/** Handles that nobody ever used become free again. */
export class Migration0016 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
