// The function that reads and writes tables finds them whatever the path of the session that fires it.
import { Migration } from '@mikro-orm/migrations'

/** An operator at a SQL prompt, or a session of a pooler, may look names up elsewhere. */
export class Migration0018 extends Migration {
  override up(): void {
    this.addSql('alter function "idem_know_network"() set search_path from current')
  }
}
