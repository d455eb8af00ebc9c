// The function for each job. The table is exhaustive, so that a job without a function does not compile.
import type { Call } from '../src/database/call.js'
import { type WriteNoticesNeeds, writeNotices } from '../src/notices/write-notices.js'
import type { JobName, JobPayloads } from '../src/queue/job.js'
import type { RunningJob } from '../src/queue/running-job.js'
import { type FanOutWebhooksNeeds, fanOutWebhooks } from './fan-out-webhooks.js'
import { type PurgeExpiredNeeds, purgeExpired } from './purge-expired.js'
import { type RotateDueSigningKeyNeeds, rotateDueSigningKey } from './rotate-due-signing-key.js'
import { type SendMailNeeds, sendMail } from './send-mail.js'
import { type SendWebhooksNeeds, sendWebhooks } from './send-webhooks.js'

/** Everything that the jobs work with. */
export interface JobNeeds
  extends SendMailNeeds,
    WriteNoticesNeeds,
    PurgeExpiredNeeds,
    FanOutWebhooksNeeds,
    SendWebhooksNeeds,
    RotateDueSigningKeyNeeds {}

type Processor<N extends JobName> = (call: Call, payload: JobPayloads[N], job: RunningJob) => Promise<unknown>

/** The functions for the jobs, by name. */
export type Processors = { readonly [N in JobName]: Processor<N> }

/** Makes the table. */
export const createProcessors = (needs: JobNeeds): Processors => ({
  'send-mail': async (call, { mailId }) => await sendMail(call, mailId, needs),
  'send-notices': async (call, { auditEntryId }) => await writeNotices(call, auditEntryId, needs),
  'fan-out-webhooks': async (call) => await fanOutWebhooks(call, needs),
  'send-webhooks': async (call, { endpointId }) => await sendWebhooks(call, endpointId, needs),
  'rotate-signing-key': async (call) => await rotateDueSigningKey(call, needs),
  'purge-expired': async (call, _payload, job) => await purgeExpired(call, job.progress, needs),
})
