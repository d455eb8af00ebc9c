// Deleted accounts: when an account is due for deletion, and when it was deleted.
import { Migration } from '@mikro-orm/migrations'

const tables = `
alter table "account"
  add column "deletion_due_at" timestamptz null,
  add column "deleted_at" timestamptz null;
create index "account_deletion_due_at" on "account" ("deletion_due_at") where "deletion_due_at" is not null;
-- The acts of an account upon others and upon the installation: few, so the entries of sign-ins cost no more.
create index "audit_entry_acts_upon_others" on "audit_entry" ("actor_id", "id")
  where "actor_id" is distinct from "account_id";
create index "mail_address" on "mail" ("address", "id");
create index "mail_account" on "mail" ("account_id", "id") where "account_id" is not null;
`

/** Deleted accounts. */
export class Migration0032 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
