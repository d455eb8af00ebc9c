// Reads what comes out of the queue: a Redis that evicts keys or lost its data gives back jobs without name or payload.
import type { Job, JobName, JobPayloads } from './job.js'

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const hasId =
  (name: string) =>
  (payload: unknown): boolean => {
    const id: unknown = isObject(payload) ? Reflect.get(payload, name) : undefined
    return typeof id === 'string' && uuid.test(id)
  }

/** Whether a payload is one of the job, by its name. Exhaustive, so that a job without a check does not compile. */
const isPayload: { readonly [N in JobName]: (payload: unknown) => boolean } = {
  'send-mail': hasId('mailId' satisfies keyof JobPayloads['send-mail']),
  'send-notices': hasId('auditEntryId' satisfies keyof JobPayloads['send-notices']),
  'fan-out-webhooks': isObject,
  'send-webhooks': hasId('endpointId' satisfies keyof JobPayloads['send-webhooks']),
  'rotate-signing-key': isObject,
  'purge-expired': isObject,
}

const isName = (name: unknown): name is JobName => typeof name === 'string' && Object.hasOwn(isPayload, name)

/** The job; null if its name is not known or its payload is not one of that job. */
export const readJob = (name: unknown, payload: unknown): Job | null =>
  // The check of the name belongs to the payload's type.
  isName(name) && isPayload[name](payload) ? ({ name, payload } as Job) : null
