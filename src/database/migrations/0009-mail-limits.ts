// Limits on mails: their askers, the lines in which they wait, and the networks from which addresses were proven.
import { Migration } from '@mikro-orm/migrations'

const tables = `
alter table "mail"
  add column "network" text null,
  add column "account_id" uuid null,
  add column "asked_before" int not null default 0,
  add column "retry_at" timestamptz null;
alter table "mail" alter column "asked_before" drop default;
drop index "mail_address_created_at";

-- Unlogged: it is written for each mail, and a crash of the database may forget it.
create unlogged table "mail_line" (
  "key" text not null primary key,
  "version" int not null,
  "state" jsonb not null,
  "expires_at" timestamptz not null
) with (fillfactor = 50);
create index "mail_line_expires_at" on "mail_line" ("expires_at");

create table "known_network" (
  "address_hash" text not null,
  "network" text not null,
  "proven_at" timestamptz not null,
  primary key ("address_hash", "network")
);
create index "known_network_proven_at" on "known_network" ("proven_at");
`

/**
 * Inserts a known network when a challenge is spent, because the asker has then proven the address. Keeps the eight
 * networks of an address that were proven last; skips rows that another transaction has locked.
 */
const knowing = `
create function "idem_know_network"() returns trigger language plpgsql as $$
declare
  asked record;
  hash text;
  oldest timestamptz;
begin
  select m.address, m.network into asked from "mail" m
    where m.cause_id = new.nonce::uuid and m.kind = 'challenge' and m.network is not null;
  if not found then return null; end if;
  hash := encode(sha256(convert_to(asked.address, 'UTF8')), 'hex');
  insert into "known_network" ("address_hash", "network", "proven_at") values (hash, asked.network, new.expires_at)
    on conflict ("address_hash", "network") do update set "proven_at" = excluded."proven_at";
  select "proven_at" into oldest from "known_network" where "address_hash" = hash
    order by "proven_at" desc offset 7 limit 1;
  delete from "known_network" where ("address_hash", "network") in (
    select "address_hash", "network" from "known_network"
    where "address_hash" = hash and "proven_at" < oldest for update skip locked);
  return null;
end $$;
create trigger "mail_network_proven" after insert on "spent_challenge"
  for each row when (new."nonce" ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
  execute function "idem_know_network"();
`

/** Limits on mails. */
export class Migration0009 extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(knowing)
  }
}
