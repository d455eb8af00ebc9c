// The turns of a mailbox know their networks, so a mail no longer says how often its network asked before.
import { Migration } from '@mikro-orm/migrations'

/** Counted in the line itself, the share of a network slides with time; a count in fixed windows begins anew. */
export class Migration0011 extends Migration {
  override up(): void {
    this.addSql('alter table "mail" drop column "asked_before"')
    // Turns without their network; they are forgotten as after a crash.
    this.addSql('truncate "mail_line"')
  }
}
