// Webhooks: the endpoints that operators register, the events of accounts, and their deliveries.
import { Migration } from '@mikro-orm/migrations'

const tables = `
create table "webhook_endpoint" (
  "id" uuid not null primary key,
  "url" text not null,
  "description" text null,
  "event_types" text[] null,
  "is_enabled" boolean not null,
  "disabled_at" timestamptz null,
  "disabled_because" text null,
  "sealed_keys" text not null,
  "public_key" text not null,
  "sealed_previous_keys" text null,
  "previous_public_key" text null,
  "rotated_until" timestamptz null,
  "first_failed_at" timestamptz null,
  "last_success_at" timestamptz null,
  "woken_at" timestamptz null,
  "created_at" timestamptz not null
);
create trigger "webhook_endpoint_counted" after insert or delete on "webhook_endpoint"
  for each statement execute function "idem_notify_appended"();
create trigger "webhook_endpoint_changed" after update of "is_enabled", "event_types" on "webhook_endpoint"
  for each statement execute function "idem_notify_appended"();

create table "webhook_event" (
  "id" uuid not null primary key,
  "seq" bigserial not null,
  "account_id" uuid not null,
  "merge_id" uuid null,
  "type" text not null,
  "payload" jsonb not null,
  "at" timestamptz not null,
  "fanned_out_at" timestamptz null
);
create index "webhook_event_new" on "webhook_event" ("seq") where "fanned_out_at" is null;
create index "webhook_event_merge" on "webhook_event" ("merge_id") where "merge_id" is not null;
create index "webhook_event_at" on "webhook_event" ("at");

create table "webhook_delivery" (
  "id" uuid not null primary key,
  "endpoint_id" uuid not null constraint "webhook_delivery_endpoint_id_foreign"
    references "webhook_endpoint" ("id") on delete cascade,
  "event_id" uuid not null constraint "webhook_delivery_event_id_foreign"
    references "webhook_event" ("id") on delete cascade,
  "seq" bigint not null,
  "account_id" uuid not null,
  "state" text not null,
  "attempts" int not null,
  "next_attempt_at" timestamptz not null,
  "leased_by" uuid null,
  "leased_until" timestamptz null,
  "acknowledged_at" timestamptz null,
  "attempted_at" timestamptz null,
  "status" int null,
  "fault" text null,
  "answer" text null,
  "duration_milliseconds" int null,
  "created_at" timestamptz not null,
  constraint "webhook_delivery_event_endpoint" unique ("event_id", "endpoint_id")
);
create index "webhook_delivery_log" on "webhook_delivery" ("endpoint_id", "seq");
create index "webhook_delivery_due" on "webhook_delivery" ("endpoint_id", "next_attempt_at", "seq")
  where "state" = 'PENDING';
create index "webhook_delivery_line" on "webhook_delivery" ("endpoint_id", "account_id", "seq")
  where "state" = 'PENDING';
`

/** Webhooks. */
export class Migration0031 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
