// For further methods: levels of accounts, credentials of identities, challenges with an account or a first proof.
import { Migration } from '@mikro-orm/migrations'

const tables = `
alter table "account" add column "level" text not null default 'aal1';
update "account" set "level" = 'aal0' where "kind" = 'ANONYMOUS';
alter table "account" alter column "level" drop default;

alter table "identity" add column "credential" jsonb null;

alter table "held_challenge"
  alter column "subject" drop not null,
  add column "account_id" uuid null,
  add column "first_factor" jsonb null,
  add column "handle" text null,
  add column "message" text null,
  add column "state" jsonb null,
  add column "mail_to" text null;
update "held_challenge" set "mail_to" = "subject";
alter table "held_challenge" rename column "attempts" to "tries";
alter table "held_challenge" rename column "link_attempts" to "match_code_tries";
`

/** For further methods. */
export class Migration0004 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
