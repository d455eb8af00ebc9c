// The one door to the outside: what it reaches, and what it refuses (SSRF).

import { execFile } from 'node:child_process'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { OutboundAddresses } from '../../../src/runtime/outbound-address.js'
import {
  type OutboundAnswer,
  OutboundError,
  type OutboundFault,
  type OutboundRequest,
} from '../../../src/runtime/outbound-call.js'
import { OutboundHttp } from '../../../src/runtime/outbound-http.js'
import { settingsSections } from '../../../src/settings.js'
import { CertificateAuthority } from '../../support/certificates.js'

const here = ['127.0.0.0/8', '::1']
const asked: Omit<OutboundRequest, 'url'> = {
  method: 'GET',
  headers: {},
  body: null,
  mediaType: 'application/json',
  mostBytes: 1_000,
  whenLonger: 'refuse',
  deadlineMilliseconds: 10_000,
}

const servers: { close(): unknown; closeAllConnections?(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.()
    server.close()
  }
})

const listen = async (server: Server): Promise<number> => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const serve = async (respond: RequestListener): Promise<number> => await listen(createServer(respond))
const json: RequestListener = (_request, response) =>
  void response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end('{}')

const faultOf = async (answer: Promise<OutboundAnswer>): Promise<OutboundFault> => {
  const error = await answer.then(
    () => new Error('it was answered'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof OutboundError)) throw error
  return error.fault
}

describe('an address', () => {
  const internet = new OutboundAddresses([])
  const encrypted = { isEncrypted: true }

  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '2606:4700:4700::1111',
    '2a00:1450:4001:81b::200e',
    '64:ff9b::808:808',
  ])('%s is of the public internet, and only by https', (address) => {
    expect(internet.allow(address, encrypted)).toBe(true)
    expect(internet.allow(address, { isEncrypted: false })).toBe(false)
  })

  test.each([
    ['this network', '0.0.0.0', '0.1.2.3'],
    ['loopback', '127.0.0.1', '127.1.2.3', '::1'],
    ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1'],
    ['shared (CGNAT)', '100.64.0.1', '100.127.255.255'],
    ['link-local, with the metadata of clouds', '169.254.169.254', 'fe80::1', 'fe80::1%eth0'],
    ['unique local', 'fc00::1', 'fd00:ec2::254'],
    ['site-local', 'fec0::1'],
    ['mapped', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe'],
    ['compatible', '::127.0.0.1', '::8.8.8.8'],
    ['behind NAT64 but private', '64:ff9b::7f00:1', '64:ff9b::a00:1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1'],
    ['6to4 and Teredo', '2002:7f00:1::', '2001:0:7f00:1::'],
    ['multicast and broadcast', '224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1'],
    [
      'for documents, tests and the future',
      '192.0.2.1',
      '198.51.100.1',
      '203.0.113.1',
      '198.18.0.1',
      '240.0.0.1',
      '2001:db8::1',
      '3fff::1',
      '100::1',
      '5f00::1',
      '4000::1',
    ],
    ['special', '192.0.0.1', '192.88.99.1', '::'],
    ['no address', '', '10', '127.1', '0x7f000001', 'localhost', '1.2.3.4.5', '1.2.3.4/32'],
  ])('that is %s is refused', (_what, ...addresses) => {
    for (const address of addresses)
      expect([address, internet.allow(address, encrypted)]).toEqual([address, false])
  })

  test('is let through where its network is listed, without TLS on this machine alone', () => {
    const listed = new OutboundAddresses(['10.1.0.0/16', 'fd00::/8', '127.0.0.1'])
    for (const address of ['10.1.2.3', 'fd12::1', '127.0.0.1', '8.8.8.8'])
      expect(listed.allow(address, encrypted)).toBe(true)
    for (const address of ['10.2.0.1', 'fc00::1', '127.0.0.2', '::1', '::ffff:10.1.2.3'])
      expect(listed.allow(address, encrypted)).toBe(false)
    const plain = { isEncrypted: false }
    expect(listed.allow('127.0.0.1', plain)).toBe(true)
    for (const address of ['10.1.2.3', 'fd12::1', '8.8.8.8']) expect(listed.allow(address, plain)).toBe(false)
  })
})

describe('the setting', () => {
  const networksIn = (environment: Record<string, string>) =>
    readEnvironment({ runtime: settingsSections.runtime }, environment).runtime.outboundNetworks

  test('lists this machine in development, and nothing in production', () => {
    expect(networksIn({})).toEqual(here)
    expect(networksIn({ NODE_ENV: 'production' })).toEqual([])
    expect(networksIn({ NODE_ENV: 'production', IDEM_OUTBOUND_NETWORKS: '10.0.0.0/8, ::1' })).toEqual([
      '10.0.0.0/8',
      '::1',
    ])
    expect(() => networksIn({ IDEM_OUTBOUND_NETWORKS: '10, localhost' })).toThrow(/"10, localhost"/)
  })
})

describe('a call', () => {
  const door = new OutboundHttp({ networks: here })

  test('is answered, whatever the status, with what was sent', async () => {
    const seen: unknown[] = []
    const port = await serve((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { host, authorization, 'x-mine': mine, 'content-length': length } = request.headers
        seen.push([
          request.method,
          request.url,
          host,
          authorization,
          mine,
          length,
          Buffer.concat(chunks).toString(),
        ])
        response.writeHead(404, { 'content-type': 'text/plain' }).end('no such thing')
      })
    })
    const url = new URL(`http://a:b%40c@localhost:${port}/path%20x?q=1`)
    const answer = await door.send({
      ...asked,
      url,
      method: 'POST',
      headers: { 'x-mine': 'yes' },
      body: 'žluť',
    })
    expect(answer).toEqual({ status: 404, retryAfter: null, body: Buffer.from('no such thing') })
    const login = `Basic ${Buffer.from('a:b@c').toString('base64')}`
    expect(seen).toEqual([['POST', '/path%20x?q=1', `localhost:${port}`, login, 'yes', '6', 'žluť']])
  })

  test.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://127.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f000001:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://0.0.0.0:PORT/',
    'http://[::]:PORT/',
    'https://127.0.0.1:PORT/',
    'ftp://127.0.0.1:PORT/',
    'file:///etc/passwd',
  ])('to %s reaches nothing in production', async (form) => {
    let reached = 0
    const port = await serve((request, response) => {
      reached += 1
      json(request, response)
    })
    const url = new URL(form.replace('PORT', String(port)))
    expect(await faultOf(new OutboundHttp({ networks: [] }).send({ ...asked, url }))).toBe('address_refused')
    expect(reached).toBe(0)
  })

  test.each([
    [['10.0.0.1']],
    [['8.8.8.8', '10.0.0.1']],
    [['::ffff:127.0.0.1']],
    [['169.254.169.254', '127.0.0.1']],
  ])('to a name with the addresses %j is refused as a whole', async (addresses) => {
    const port = await serve(json)
    const resolving = new OutboundHttp({ networks: here, resolve: async () => addresses })
    const url = new URL(`https://inside.example:${port}/`)
    expect(await faultOf(resolving.send({ ...asked, url }))).toBe('address_refused')
  })

  test('looks a name up once: a second answer, of another address, is of no avail', async () => {
    let reached = 0
    const port = await serve((request, response) => {
      reached += 1
      json(request, response)
    })
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['10.0.0.1']]
    let looks = 0
    const rebinding = new OutboundHttp({
      networks: ['127.0.0.1'],
      resolve: async () => answers[looks++] ?? [],
    })
    const url = new URL(`http://rebinding.example:${port}/`)
    expect((await rebinding.send({ ...asked, url })).status).toBe(200)
    expect([looks, reached]).toEqual([1, 1])
    // The next call looks again, and refuses what it finds.
    expect(await faultOf(rebinding.send({ ...asked, url }))).toBe('address_refused')
    expect([looks, reached]).toEqual([2, 1])
  })

  test('goes to the next address where one refuses the connection, and is sent once', async () => {
    let reached = 0
    const port = await serve((request, response) => {
      reached += 1
      json(request, response)
    })
    const resolving = new OutboundHttp({ networks: here, resolve: async () => ['127.0.0.9', '127.0.0.1'] })
    const url = new URL(`http://two.example:${port}/`)
    expect((await resolving.send({ ...asked, url, method: 'POST', body: '{}' })).status).toBe(200)
    expect(reached).toBe(1)
  })

  test('that was sent is not sent again to another address', async () => {
    let reached = 0
    const port = await serve((request) => {
      reached += 1
      request.socket.destroy()
    })
    const resolving = new OutboundHttp({ networks: here, resolve: async () => ['127.0.0.1', '127.0.0.1'] })
    const url = new URL(`http://two.example:${port}/`)
    expect(await faultOf(resolving.send({ ...asked, url }))).toBe('unreachable')
    expect(reached).toBe(1)
  })

  test.each<[string, OutboundFault, RequestListener]>([
    [
      'redirects',
      'redirect',
      (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1/' }).end(),
    ],
    ['says not modified', 'redirect', (_request, response) => void response.writeHead(304).end()],
    [
      'answers another type',
      'wrong_type',
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('{}'),
    ],
    ['answers no type', 'wrong_type', (_request, response) => void response.writeHead(200).end('{}')],
    [
      'compresses',
      'wrong_type',
      (_request, response) =>
        void response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
          .end('x'),
    ],
    [
      'announces too much',
      'too_large',
      (_request, response) =>
        void response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': '1001' })
          .end('x'.repeat(1_001)),
    ],
    [
      'sends too much, without end',
      'too_large',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const flood = (): void =>
          void response.write('x'.repeat(500), (error) => error == null && setImmediate(flood))
        flood()
      },
    ],
    [
      'sends too much in an error',
      'too_large',
      (_request, response) => void response.writeHead(500).end('x'.repeat(2_000)),
    ],
    [
      'breaks off in the body',
      'unreachable',
      (_request, response) => {
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': '9' })
          .write('x', () => response.destroy())
      },
    ],
    [
      'sends headers without end',
      'unreachable',
      (_request, response) => {
        response.writeHead(200, { 'x-long': 'x'.repeat(100_000) }).end()
      },
    ],
  ])('to a server that %s is a fault: %s', async (_what, fault, respond) => {
    const port = await serve(respond)
    expect(await faultOf(door.send({ ...asked, url: new URL(`http://127.0.0.1:${port}/`) }))).toBe(fault)
  })

  test.each<[string, RequestListener]>([
    ['never answers', () => undefined],
    [
      'never ends its answer',
      (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    ],
    [
      'sends a byte now and then',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const timer = setInterval(() => response.write(' '), 20)
        response.once('close', () => clearInterval(timer))
      },
    ],
  ])('to a server that %s ends at its deadline, with its connection', async (_what, respond) => {
    let closed: () => void = () => undefined
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    const port = await serve((request, response) => {
      request.socket.once('close', closed)
      respond(request, response)
    })
    const url = new URL(`http://127.0.0.1:${port}/`)
    expect(await faultOf(door.send({ ...asked, url, deadlineMilliseconds: 200 }))).toBe('too_late')
    await gone
  })

  test.each<[string, 'http' | 'https', (socket: Socket) => void]>([
    ['accepts the connection and begins no TLS', 'https', () => undefined],
    [
      'announces answers without end',
      'http',
      (socket) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 20)
        socket.once('close', () => clearInterval(timer))
      },
    ],
    [
      'speaks another protocol from then on',
      'http',
      (socket) => void socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    ],
  ])('to a server that %s is over by its deadline, with its connection', async (_what, scheme, respond) => {
    const gone = Promise.withResolvers<void>()
    const server = createTcpServer((socket) => {
      socket.once('close', () => gone.resolve()).on('error', () => undefined)
      socket.resume()
      respond(socket)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const url = new URL(`${scheme}://127.0.0.1:${port}/`)
    const fault = await faultOf(door.send({ ...asked, url, deadlineMilliseconds: 200 }))
    expect(['too_late', 'unreachable']).toContain(fault)
    await gone.promise
  })

  test('whose name is not answered for in time ends at its deadline too', async () => {
    const silent = new OutboundHttp({ networks: here, resolve: () => new Promise(() => undefined) })
    const url = new URL('https://slow.example/')
    expect(await faultOf(silent.send({ ...asked, url, deadlineMilliseconds: 100 }))).toBe('too_late')
  })

  test('to an unknown name, one without an address, and a closed port is a fault', async () => {
    const unknown = async () => await Promise.reject(new Error('ENOTFOUND'))
    for (const resolve of [unknown, async () => []]) {
      const url = new URL('https://nobody.example/')
      expect(await faultOf(new OutboundHttp({ networks: here, resolve }).send({ ...asked, url }))).toBe(
        'name_unknown',
      )
    }
    const port = await serve(json)
    const server = servers.pop()
    await new Promise((resolve) => (server as Server).close(resolve))
    expect(await faultOf(door.send({ ...asked, url: new URL(`http://127.0.0.1:${port}/`) }))).toBe(
      'unreachable',
    )
  })

  test('to something that speaks no HTTP is a fault, whose message names neither URL nor body', async () => {
    const server = createTcpServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.7\r\n'))
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const url = new URL(`http://user:secret@127.0.0.1:${port}/secret?key=secret`)
    const error = await door
      .send({ ...asked, url, method: 'POST', body: 'secret' })
      .catch((thrown: Error) => thrown)
    expect(error).toBeInstanceOf(OutboundError)
    expect(JSON.stringify([String(error), error])).not.toContain('secret')
  })
})

describe('by https', () => {
  const authority = CertificateAuthority.make()

  /** Sends in a process that trusts the authority: what a process trusts is settled at its start. */
  const statusOf = async (names: readonly string[], host: string): Promise<string> => {
    const { cert, key } = authority.issue(names)
    const server = createSecureServer({ cert, key }, json)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const program = `
      const { OutboundHttp } = await import('./dist/src/runtime/outbound-http.js')
      const door = new OutboundHttp({ networks: ['127.0.0.1'], resolve: async () => ['127.0.0.1'] })
      const request = ${JSON.stringify(asked)}
      await door.send({ ...request, url: new URL('https://${host}:${port}/') })
        .then(({ status }) => console.log(status), ({ fault, cause }) => console.log(fault, cause?.code))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: authority.file },
    })
    return stdout.trim()
  }

  test('the certificate must be for the name of the URL, not for the address', async () => {
    expect(await statusOf(['DNS:node.example'], 'node.example')).toBe('200')
    expect(await statusOf(['IP:127.0.0.1'], '127.0.0.1')).toBe('200')
    expect(await statusOf(['DNS:other.example', 'IP:127.0.0.1'], 'node.example')).toBe(
      'unreachable ERR_TLS_CERT_ALTNAME_INVALID',
    )
  })

  test('a certificate of an unknown authority is a fault', async () => {
    const { cert, key } = authority.issue(['IP:127.0.0.1'])
    const server = createSecureServer({ cert, key }, json)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const door = new OutboundHttp({ networks: here })
    expect(await faultOf(door.send({ ...asked, url: new URL(`https://127.0.0.1:${port}/`) }))).toBe(
      'unreachable',
    )
  })
})
