// Email and its queue: held challenges, mails, the outbox; the profile of accounts.
import { Migration } from '@mikro-orm/migrations'

const tables = `
alter table "account"
  add column "display_name" text null,
  add column "locale" text null,
  add column "primary_email" text null,
  add column "sign_in_notices" boolean not null default true,
  add column "suspended_at" timestamptz null;
alter table "account" alter column "sign_in_notices" drop default;
create index "account_kind_created_at" on "account" ("kind", "created_at");

create table "held_challenge" (
  "id" uuid not null primary key,
  "id_hash" text not null constraint "held_challenge_id_hash_unique" unique,
  "method" text not null,
  "purpose" text not null,
  "session_id" uuid null,
  "account_name" text null,
  "subject" text not null,
  "device" text null,
  "source_address" text not null,
  "locale" text not null,
  "attempts" int not null,
  "link_attempts" int not null,
  "created_at" timestamptz not null,
  "confirmed_at" timestamptz null,
  "expires_at" timestamptz not null
) with (fillfactor = 80); -- room for the counts of a challenge on its own page
create index "held_challenge_expires_at" on "held_challenge" ("expires_at");

create table "mail" (
  "id" uuid not null primary key,
  "kind" text not null,
  "cause_id" uuid not null,
  "address" text not null,
  "state" text not null,
  "reply" text null,
  "created_at" timestamptz not null,
  "held_by" uuid null,
  "held_until" timestamptz null,
  "settled_at" timestamptz null,
  constraint "mail_cause_address" unique ("cause_id", "address")
) with (fillfactor = 70);
create index "mail_address_created_at" on "mail" ("address", "created_at");
create index "mail_created_at" on "mail" ("created_at");

create table "outbox_entry" (
  "id" uuid not null primary key,
  "job" text not null,
  "payload" jsonb not null,
  "created_at" timestamptz not null,
  "relayed_at" timestamptz null,
  "done_at" timestamptz null,
  "failed_at" timestamptz null,
  "failure" text null
) with (fillfactor = 70);
create index "outbox_entry_open" on "outbox_entry" ("done_at", "failed_at", "relayed_at", "id");
`

/** Notifies watchers of held challenges of each change, and the relay of new jobs. */
const notifications = `
create function "idem_notify_appended"() returns trigger language plpgsql as $$
begin
  perform pg_notify('idem', tg_table_name || ':*');
  return null;
end $$;
create trigger "outbox_entry_appended" after insert on "outbox_entry"
  for each statement execute function "idem_notify_appended"();
create trigger "outbox_entry_retried" after update of "relayed_at" on "outbox_entry"
  for each row when (old."relayed_at" is not null and new."relayed_at" is null)
  execute function "idem_notify_appended"();

create trigger "held_challenge_changed" after update of "confirmed_at", "attempts", "link_attempts" on "held_challenge"
  for each row when (old.* is distinct from new.*) execute function "idem_notify_changed"();

create function "idem_notify_challenge_mail"() returns trigger language plpgsql as $$
begin
  perform pg_notify('idem', 'held_challenge:' || new.cause_id);
  return null;
end $$;
create trigger "challenge_mail_changed" after update of "state" on "mail"
  for each row when (new."kind" = 'challenge' and new."state" <> 'sending' and old."state" is distinct from new."state")
  execute function "idem_notify_challenge_mail"();

create function "idem_notify_challenge_spent"() returns trigger language plpgsql as $$
begin
  perform pg_notify('idem', 'held_challenge:' || new.nonce);
  return null;
end $$;
-- The nonce of a sealed challenge is hexadecimal digits alone; that of one we hold is its id, a UUID.
create trigger "held_challenge_spent" after insert on "spent_challenge"
  for each row when (new."nonce" like '%-%') execute function "idem_notify_challenge_spent"();
`

/** Email and the queue behind it. */
export class Migration0002 extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(notifications)
  }
}
