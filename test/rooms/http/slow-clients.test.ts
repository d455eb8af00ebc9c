// A client that sends slowly holds a connection for as long as the settings say, and not longer.
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { dataOf } from '../../support/calls.js'
import { startTestService, type TestService } from '../../support/start-service.js'

const start = async (environment: Readonly<Record<string, string>>): Promise<TestService> => {
  const idem = await startTestService({ environment })
  onTestFinished(async () => await idem.stop())
  return idem
}

const open = (idem: TestService): Socket => {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(idem.url).port) })
  onTestFinished(() => void socket.destroy())
  return socket
}

/** Sends the head at once, then the rest one character at a time, until the server hangs up; what it answered. */
const drip = async (idem: TestService, head: string, rest: string): Promise<string> => {
  const socket = open(idem)
  const { promise, resolve } = Promise.withResolvers<string>()
  let answer = ''
  let sent = 0
  socket.on('data', (chunk) => {
    answer += chunk.toString()
  })
  socket.on('error', () => undefined)
  const timer = setInterval(() => void (sent < rest.length && socket.write(rest.charAt(sent++))), 50)
  socket.on('close', () => {
    clearInterval(timer)
    resolve(answer)
  })
  socket.write(head)
  return await promise
}

const requestLine = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\n'
const bodyOf = (length: number) =>
  `${requestLine}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`

test('who never ends the headers, who never begins them, and who never ends the body is cut off', async () => {
  const idem = await start({ IDEM_HEADERS_SECONDS: '1', IDEM_REQUEST_SECONDS: '2' })
  const answers = await Promise.all([
    drip(idem, requestLine, `x-slow: ${'x'.repeat(10_000)}`),
    drip(idem, '', ''),
    drip(idem, bodyOf(10_000), 'x'.repeat(10_000)),
  ])
  for (const answer of answers) {
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    const [{ message, extensions }] = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).errors
    expect(message).toBe('The request took too long to arrive.')
    expect(extensions).toEqual({ code: 'BAD_USER_INPUT', requestId: expect.any(String) })
    expect(answer).toContain(`\r\nx-request-id: ${extensions.requestId}\r\n`)
  }
  // That was the client's doing: nothing is wrong here.
  for (const line of idem.logLines.map((text) => JSON.parse(text)))
    expect([line.level, line.msg]).toEqual(['info', expect.any(String)])
  expect(dataOf(await idem.ask('{ __typename }'))).toEqual({ __typename: 'Query' })
})

test('the body has more time than the headers', async () => {
  const idem = await start({ IDEM_HEADERS_SECONDS: '1', IDEM_REQUEST_SECONDS: '600' })
  const body = JSON.stringify({ query: `{ __typename }${' '.repeat(20)}` })
  const slow = open(idem)
  const { promise: answered, resolve } = Promise.withResolvers<string>()
  slow.once('data', (chunk) => resolve(chunk.toString()))
  slow.write(bodyOf(body.length))
  // Whose headers never end is cut off: by then the time for headers is over for the other one, too.
  await drip(idem, requestLine, '')
  slow.write(body)
  expect(await answered).toMatch(/^HTTP\/1\.1 200 /)
})
