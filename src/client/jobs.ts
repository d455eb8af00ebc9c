// The jobs of an installation, for its operators.

import type { Transport } from './transport.js'

/** How many jobs there are. */
export interface JobCounts {
  readonly waiting: number
  readonly underWay: number
  readonly failed: number
}

/** A job that was given up after its last try. */
export interface FailedJob {
  readonly id: string
  readonly name: string
  /** In ISO 8601, as `createdAt`. */
  readonly failedAt: string
  /** What went wrong at the last try. */
  readonly failure: string
  readonly createdAt: string
  /** Ids of what it was about. */
  readonly payload: unknown
}

/** How many jobs wait, are under way, and were given up. `FORBIDDEN` for who is no operator, as all below. */
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

/** The most that the server gives at once. */
const pageSize = 100

/** Every job that was given up, page by page. */
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

/** Has one job tried again. `NOT_FOUND` when none of that id was given up. */
export const retryFailedJob = async (transport: Transport, id: string): Promise<void> => {
  const document = 'mutation RetryFailedJob($id: ID!) { retryFailedJob(id: $id) }'
  await transport.send({ document, variables: { id } })
}

/** Has every job tried again that was given up; how many those are. */
export const retryFailedJobs = async (transport: Transport): Promise<number> => {
  const document = 'mutation RetryFailedJobs { retryFailedJobs }'
  return (await transport.send<{ retryFailedJobs: number }>({ document })).retryFailedJobs
}
