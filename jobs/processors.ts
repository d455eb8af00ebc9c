// Which function does which job: exhaustive, so that a job without one does not compile.
import type { Call } from '../src/database/call.js'
import { type WriteNoticesRooms, writeNotices } from '../src/notices/write-notices.js'
import type { JobName, JobPayloads } from '../src/queue/job.js'
import type { RunningJob } from '../src/queue/running-job.js'
import { type PurgeExpiredRooms, purgeExpired } from './purge-expired.js'
import { type RotateDueSigningKeyRooms, rotateDueSigningKey } from './rotate-due-signing-key.js'
import { type SendMailRooms, sendMail } from './send-mail.js'

/** Everything that the jobs work with. */
export interface JobRooms
  extends SendMailRooms,
    WriteNoticesRooms,
    PurgeExpiredRooms,
    RotateDueSigningKeyRooms {}

type Processor<N extends JobName> = (call: Call, payload: JobPayloads[N], job: RunningJob) => Promise<unknown>

/** What does the jobs, by their names. */
export type Processors = { readonly [N in JobName]: Processor<N> }

/** Makes what does the jobs. */
export const createProcessors = (rooms: JobRooms): Processors => ({
  'send-mail': async (call, { mailId }) => await sendMail(call, mailId, rooms),
  'send-notices': async (call, { auditEntryId }) => await writeNotices(call, auditEntryId, rooms),
  'rotate-signing-key': async (call) => await rotateDueSigningKey(call, rooms),
  'purge-expired': async (call, _payload, job) => await purgeExpired(call, job.progress, rooms),
})
