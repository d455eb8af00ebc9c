// Recognises names and addresses of the loopback interface.

/** Addresses that only this machine can connect to (RFC 5735 3, RFC 4291 2.5.3). */
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/

/** True for a name or address that only this machine reaches. */
export const isLoopback = (host: string): boolean => loopback.test(host)
