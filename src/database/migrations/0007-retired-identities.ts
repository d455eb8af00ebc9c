// Retired identities: those of guests that have become persons.
import { Migration } from '@mikro-orm/migrations'

const tables = `
create table "retired_identity" (
  "id" uuid not null primary key,
  "account_id" uuid not null constraint "retired_identity_account_id_foreign"
    references "account" ("id") on delete cascade,
  "method" text not null,
  "issuer" text not null,
  "subject" text not null,
  "retired_at" timestamptz not null,
  constraint "retired_identity_method_issuer_subject" unique ("method", "issuer", "subject")
);
create index "retired_identity_account" on "retired_identity" ("account_id");
`

/** Retired identities. */
export class Migration0007 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
