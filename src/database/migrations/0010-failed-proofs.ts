// Failed proofs: how many of an identity failed since the last one that held, and when.
import { Migration } from '@mikro-orm/migrations'

const tables = `
alter table "identity"
  add column "failed_proofs" int not null default 0,
  add column "last_failed_at" timestamptz null;
alter table "identity" alter column "failed_proofs" drop default;
`

/** Failed proofs of identities. */
export class Migration0010 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
