// Starts Chromium, and servers with a page at an origin of their own.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium } from 'playwright-core'

/** Chromium's program: `$CHROMIUM_PATH` or Debian's; null if it is not installed. */
export const findChromium = (): string | null => {
  const path = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
  return existsSync(path) ? path : null
}

/** Starts Chromium without a window and without background requests. */
export const launchChromium = async (executablePath: string): Promise<Browser> =>
  await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

/** A web server with one page. */
export interface PageServer {
  readonly origin: string
  stop(): Promise<void>
}

/** Serves an HTML file at `/` of an origin of its own. */
export const servePage = async (file: string): Promise<PageServer> => {
  const html = await readFile(file)
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
