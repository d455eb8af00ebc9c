// The interface to the network, so that a program can send requests in its own way.

/** As much of `fetch` as the SDK uses. May throw an `IdemError` of its own, which is passed on. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>
