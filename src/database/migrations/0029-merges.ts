// Merges: what was merged into what, by which rule and proofs, and the journal from which an undo restores both sides.
import { Migration } from '@mikro-orm/migrations'

// `merge` refers to accounts without a cascade: what it says of an account must outlive nothing but that account.
const tables = `
create table "merge" (
  "id" uuid not null primary key,
  "survivor_id" uuid not null constraint "merge_survivor_id_foreign" references "account" ("id"),
  "absorbed_id" uuid not null constraint "merge_absorbed_id_foreign" references "account" ("id"),
  "rule" text not null,
  "why" text not null,
  "resolutions" jsonb not null,
  "proofs" jsonb not null,
  "before" jsonb not null,
  "after" jsonb not null,
  "merged_at" timestamptz not null,
  "undoable_until" timestamptz not null,
  "undone_at" timestamptz null,
  "undone_by" jsonb null,
  "undo_report" jsonb null
);
create index "merge_survivor" on "merge" ("survivor_id");
create index "merge_absorbed" on "merge" ("absorbed_id");
create index "merge_undoable_until" on "merge" ("undoable_until");

create table "merge_row" (
  "merge_id" uuid not null constraint "merge_row_merge_id_foreign"
    references "merge" ("id") on delete cascade,
  "table_name" text not null,
  "row_key" text not null,
  "side" text not null,
  "fate" text not null,
  "row" jsonb null,
  primary key ("merge_id", "table_name", "row_key")
);

alter table "account" add column "absorbed_ids" uuid[] not null default '{}';
`

/** Merges of accounts and their journal. */
export class Migration0029 extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}
