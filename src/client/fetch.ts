// The interface to the network, so that a program can send requests in its own way.

/** A request as the SDK makes it. */
export interface FetchRequest {
  readonly method?: 'POST'
  readonly headers: Record<string, string>
  readonly body?: string
  readonly redirect: 'manual'
  readonly signal: AbortSignal
}

/** As much of an answer as the SDK reads. */
export type FetchAnswer = Pick<Response, 'status' | 'url' | 'headers' | 'body' | 'text'>

/** As much of `fetch` as the SDK uses. May throw an `IdemError` of its own, which is passed on. */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchAnswer>
