// The trace of the request that asked for a job, which the job continues.
import { Migration } from '@mikro-orm/migrations'

const tables = `
alter table "outbox_entry" add column "traceparent" text null;
`

/** Jobs continue traces. */
export class Migration0021 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
