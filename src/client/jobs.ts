// The jobs of an installation, for its operators.

import type { Transport } from './transport.js'

/** The numbers of jobs by state. */
export interface JobCounts {
  readonly waiting: number
  readonly underWay: number
  readonly failed: number
}

/** A job that failed in all tries. */
export interface FailedJob {
  readonly id: string
  readonly name: string
  /** In ISO 8601, as `createdAt`. */
  readonly failedAt: string
  /** The error of the last try. */
  readonly failure: string
  readonly createdAt: string
  /** The payload: ids. */
  readonly payload: unknown
}

/** The numbers of waiting, running and failed jobs. `FORBIDDEN` for everyone but operators, as all below. */
export const fetchJobCounts = async (transport: Transport): Promise<JobCounts> => {
  const document = 'query Jobs { jobs { waiting underWay failed } }'
  return (await transport.send<{ jobs: JobCounts }>({ document })).jobs
}

interface FailedJobsPage {
  readonly edges: readonly { readonly node: FailedJob }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const failedJobs = `query FailedJobs($first: Int, $after: String) {
  failedJobs(first: $first, after: $after) {
    edges { node { id name failedAt failure createdAt payload } }
    pageInfo { hasNextPage endCursor }
  }
}`

/** The largest page of the server. */
const pageSize = 100

/** All failed jobs, read page by page. */
export const listFailedJobs = async function* (transport: Transport): AsyncGenerator<FailedJob, void> {
  let after: string | null = null
  do {
    const data: { failedJobs: FailedJobsPage } = await transport.send({
      document: failedJobs,
      variables: { first: pageSize, after },
    })
    const { edges, pageInfo } = data.failedJobs
    for (const { node } of edges) yield node
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
}

/** Retries one job. `NOT_FOUND` if there is no failed job with this id. */
export const retryFailedJob = async (transport: Transport, id: string): Promise<void> => {
  const document = 'mutation RetryFailedJob($id: ID!) { retryFailedJob(id: $id) }'
  await transport.send({ document, variables: { id } })
}

/** Retries all failed jobs and returns their number. */
export const retryFailedJobs = async (transport: Transport): Promise<number> => {
  const document = 'mutation RetryFailedJobs { retryFailedJobs }'
  return (await transport.send<{ retryFailedJobs: number }>({ document })).retryFailedJobs
}
