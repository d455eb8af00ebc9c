// Devices, whose keys sign resets of passwords; the resets.
import { Migration } from '@mikro-orm/migrations'

const tables = `
create table "device" (
  "id" uuid not null primary key,
  "account_id" uuid not null constraint "device_account_id_foreign"
    references "account" ("id") on delete cascade,
  "public_key" text not null,
  "label" text null,
  "created_at" timestamptz not null,
  constraint "device_account_public_key" unique ("account_id", "public_key")
);

create table "password_reset" (
  "id" uuid not null primary key,
  "account_id" uuid not null constraint "password_reset_account_id_foreign"
    references "account" ("id") on delete cascade,
  "status" text not null,
  "begun_at" timestamptz not null,
  "device" text null,
  "source_address" text not null,
  "available_at" timestamptz null,
  "lapses_at" timestamptz null,
  "ended_at" timestamptz null,
  "cancelled_by" text null
);
create unique index "password_reset_waiting" on "password_reset" ("account_id") where "status" = 'WAITING';
create index "password_reset_account" on "password_reset" ("account_id", "ended_at");
create index "password_reset_begun_at" on "password_reset" ("begun_at");
`

/** Devices and password resets. */
export class Migration0024 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
