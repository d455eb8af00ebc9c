// Certificates that this machine cannot trust: each said by itself, nothing sent, and how the trust is given.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certificate, CertificateAuthority, expired, notYetValid } from '../../support/certificates.js'
import { type FrontServer, startFrontServer } from '../../support/front-server.js'
import { type NoIdem, serverThatAnswers } from '../client/no-idem.js'
import { installedNodes, Shell } from './shell.js'
import { errorOf, type Run } from './try-cli.js'

const authority = CertificateAuthority.make()
const here = ['DNS:localhost', 'IP:127.0.0.1']

/** A server that answers everything as Idem answers somebody who is not signed in. */
let idem: NoIdem
beforeAll(async () => {
  idem = await serverThatAnswers({ body: '{"data":{"__typename":"Query"}}' })
})
afterAll(() => idem[Symbol.asyncDispose]())

/** What `idem status` says of a server with this certificate, where the authority is known or not. */
const statusAt = async (
  node: string,
  certificate: Certificate,
  environment: Readonly<Record<string, string>>,
): Promise<{ run: Run; front: FrontServer }> => {
  await using front = await startFrontServer(() => idem.url, certificate)
  const shell = new Shell({ url: `https://localhost:${front.port}`, node, environment })
  return { run: await shell.run(['status', '--json']), front }
}

const trust = { NODE_EXTRA_CA_CERTS: authority.file }

describe.each(installedNodes())('on Node $version', ({ path: node }) => {
  test.each([
    [
      'an unknown authority',
      () => authority.issue(here),
      {},
      'CERTIFICATE_UNTRUSTED',
      'NODE_EXTRA_CA_CERTS=FILE',
    ],
    [
      'none but itself',
      () => authority.selfSigned(here),
      {},
      'CERTIFICATE_UNTRUSTED',
      'NODE_EXTRA_CA_CERTS=FILE',
    ],
    [
      'another name',
      () => authority.issue(['DNS:other.example']),
      trust,
      'CERTIFICATE_NAME',
      '--url or IDEM_URL',
    ],
    ['the past', () => authority.issue(here, expired), trust, 'CERTIFICATE_EXPIRED', 'renew it'],
    ['the future', () => authority.issue(here, notYetValid), trust, 'CERTIFICATE_TOO_EARLY', 'clock'],
  ])('a certificate of %s', async (_what, make, environment, reason, next) => {
    const { run, front } = await statusAt(node, make(), environment)
    expect(run.exitCode).toBe(4)
    expect(errorOf(run)).toMatchObject({
      code: 'UNREACHABLE',
      reason,
      next: expect.stringContaining(next),
      message: expect.stringContaining(`The certificate of https://localhost:${front.port} `),
    })
    expect(front.paths).toEqual([])
  })

  test('the names of the certificate are said where they are others', async () => {
    const { run } = await statusAt(node, authority.issue(['DNS:a.example', 'DNS:b.example']), trust)
    expect(errorOf(run)['message']).toMatch(/ is for another name: a\.example, b\.example\.$/)
  })

  test('with the authority in NODE_EXTRA_CA_CERTS the server is reached', async () => {
    const { run, front } = await statusAt(node, authority.issue(here), trust)
    expect(errorOf(run)).toMatchObject({ code: 'SIGNED_OUT' })
    expect(JSON.parse(run.stdout)).toMatchObject({ reachable: true })
    expect(front.paths).toEqual(['/graphql'])
  })
})
