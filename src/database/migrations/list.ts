// The migrations in their order. Forward only: what has landed is never changed, a mistake is mended by the next one.
import type { MigrationObject } from '@mikro-orm/core'
import { Migration0001 } from './0001-first-path.js'
import { Migration0002 } from './0002-email-and-queue.js'
import { Migration0003 } from './0003-required-changes-and-merging.js'
import { Migration0004 } from './0004-methods.js'
import { Migration0005 } from './0005-mail-leases.js'
import { Migration0006 } from './0006-limits.js'
import { Migration0007 } from './0007-retired-identities.js'
import { Migration0008 } from './0008-live-sessions.js'
import { Migration0009 } from './0009-mail-limits.js'
import { Migration0010 } from './0010-failed-proofs.js'
import { Migration0011 } from './0011-mail-turns.js'
import { Migration0016 } from './0016-free-handles.js'
import { Migration0018 } from './0018-any-path.js'
import { Migration0021 } from './0021-traces.js'
import { Migration0022 } from './0022-second-factors.js'
import { Migration0024 } from './0024-devices.js'
import { Migration0025 } from './0025-last-used-identities.js'
import { Migration0029 } from './0029-merges.js'
import { Migration0030 } from './0030-subjects-of-merges.js'
import { Migration0031 } from './0031-webhooks.js'
import { Migration0032 } from './0032-deleted-accounts.js'

/** Every migration, oldest first. */
export const migrations: MigrationObject[] = [
  { name: '0001-first-path', class: Migration0001 },
  { name: '0002-email-and-queue', class: Migration0002 },
  { name: '0003-required-changes-and-merging', class: Migration0003 },
  { name: '0004-methods', class: Migration0004 },
  { name: '0005-mail-leases', class: Migration0005 },
  { name: '0006-limits', class: Migration0006 },
  { name: '0007-retired-identities', class: Migration0007 },
  { name: '0008-live-sessions', class: Migration0008 },
  { name: '0009-mail-limits', class: Migration0009 },
  { name: '0010-failed-proofs', class: Migration0010 },
  { name: '0011-mail-turns', class: Migration0011 },
  { name: '0016-free-handles', class: Migration0016 },
  { name: '0018-any-path', class: Migration0018 },
  { name: '0021-traces', class: Migration0021 },
  { name: '0022-second-factors', class: Migration0022 },
  { name: '0024-devices', class: Migration0024 },
  { name: '0025-last-used-identities', class: Migration0025 },
  { name: '0029-merges', class: Migration0029 },
  { name: '0030-subjects-of-merges', class: Migration0030 },
  { name: '0031-webhooks', class: Migration0031 },
  { name: '0032-deleted-accounts', class: Migration0032 },
]
