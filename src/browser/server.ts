// The server of the page, for the script's calls.
import { httpTransport } from '../client/transport.js'

/** Calls the server that the page came from. */
export const server = httpTransport({ url: '' })
