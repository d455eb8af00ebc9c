// Second factors: TOTP and recovery codes, one row for each kind and account.
import { Migration } from '@mikro-orm/migrations'

const tables = `
create table "second_factor" (
  "id" uuid not null primary key,
  "account_id" uuid not null constraint "second_factor_account_id_foreign"
    references "account" ("id") on delete cascade,
  "kind" text not null,
  "credential" jsonb not null,
  "created_at" timestamptz not null,
  "confirmed_at" timestamptz null,
  "last_used_at" timestamptz null,
  "tries_paced_until" timestamptz null,
  constraint "second_factor_account_kind" unique ("account_id", "kind")
);
create index "second_factor_unconfirmed" on "second_factor" ("created_at") where "confirmed_at" is null;
`

/** Second factors. */
export class Migration0022 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
