// The first tables: accounts, handles, identities, sessions, spent challenges, signing keys, throttle, audit.
import { Migration } from '@mikro-orm/migrations'

const tables = `
create table "account" (
  "id" uuid not null primary key,
  "kind" text not null,
  "handle" text null constraint "account_handle_unique" unique,
  "created_at" timestamptz not null
);

create table "handle" (
  "name" text not null primary key,
  "account_id" uuid not null constraint "handle_account_id_foreign" references "account" ("id"),
  "taken_at" timestamptz not null
);
create index "handle_account" on "handle" ("account_id");

create table "identity" (
  "id" uuid not null primary key,
  "account_id" uuid not null constraint "identity_account_id_foreign" references "account" ("id"),
  "method" text not null,
  "issuer" text not null,
  "subject" text not null,
  "label" text null,
  "created_at" timestamptz not null,
  constraint "identity_method_issuer_subject" unique ("method", "issuer", "subject")
);
create index "identity_account" on "identity" ("account_id");

create table "session" (
  "id" uuid not null primary key,
  "account_id" uuid not null constraint "session_account_id_foreign" references "account" ("id"),
  "identity_id" uuid null constraint "session_identity_id_foreign" references "identity" ("id") on delete set null,
  "device" text null,
  "amr" text[] not null,
  "acr" text not null,
  "scope" text not null,
  "authenticated_at" timestamptz not null,
  "started_at" timestamptz not null,
  "expires_at" timestamptz not null,
  "generation" int not null,
  "refreshed_at" timestamptz not null,
  "ended_at" timestamptz null
) with (fillfactor = 80); -- room for the refreshes of a session on its own page
create index "session_account" on "session" ("account_id");
create index "session_identity" on "session" ("identity_id");
create index "session_expires_at" on "session" ("expires_at");

create table "spent_challenge" (
  "nonce" text not null primary key,
  "expires_at" timestamptz not null
);
create index "spent_challenge_expires_at" on "spent_challenge" ("expires_at");

create table "signing_key" (
  "kid" text not null primary key,
  "public_jwk" jsonb not null,
  "sealed_private_jwk" text not null,
  "created_at" timestamptz not null,
  "signs_from" timestamptz not null
);

-- Unlogged: counting must cost little, and a crash of the database may forget the counts.
create unlogged table "throttle_counter" (
  "key" text not null primary key,
  "count" int not null,
  "expires_at" timestamptz not null
) with (fillfactor = 50);
create index "throttle_counter_expires_at" on "throttle_counter" ("expires_at");

create table "audit_entry" (
  "id" uuid not null primary key,
  "at" timestamptz not null,
  "action" text not null,
  "account_id" uuid null,
  "actor_id" uuid null,
  "session_id" uuid null,
  "request_id" text not null,
  "address" text not null,
  "detail" jsonb not null
);
create index "audit_entry_account" on "audit_entry" ("account_id", "id");
`

/** Notifies all processes of a changed row when its transaction commits. */
const notifications = `
create function "idem_notify_changed"() returns trigger language plpgsql as $$
begin
  perform pg_notify('idem', tg_table_name || ':' || old.id);
  return null;
end $$;

create trigger "account_changed" after update or delete on "account"
  for each row execute function "idem_notify_changed"();
create trigger "session_ended" after update of "ended_at", "account_id" on "session"
  for each row when (old.* is distinct from new.*) execute function "idem_notify_changed"();
create trigger "session_removed" after delete on "session"
  for each row execute function "idem_notify_changed"();

create function "idem_notify_signing_key"() returns trigger language plpgsql as $$
begin
  perform pg_notify('idem', 'signing_key:*');
  return null;
end $$;
create trigger "signing_key_changed" after insert or delete on "signing_key"
  for each statement execute function "idem_notify_signing_key"();
`

/** The first tables. */
export class Migration0001 extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(notifications)
  }
}
