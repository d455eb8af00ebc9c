// REDIS_URL in the forms that people have: read as ioredis reads it, else refused by the part that is wrong.
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { readRedisAddress } from '../../../src/queue/redis-address.js'
import { queueSettings } from '../../../src/queue/settings.js'

/** What ioredis itself makes of a URL. */
const byIoredis = (url: string): Record<string, unknown> => {
  const client = new Redis(url, { lazyConnect: true })
  const { host, port, path, username, password, db, family, tls } = client.options
  client.disconnect()
  return {
    ...(path === undefined ? { host, port: Number(port) } : { path }),
    username: username || undefined,
    password: password || undefined,
    db: Number(db ?? 0),
    family,
    isTls: tls !== undefined,
  }
}

const byUs = (url: string): Record<string, unknown> => {
  const client = new Redis({ ...readRedisAddress(url), lazyConnect: true })
  const { host, port, path, username, password, db, family, tls } = client.options
  client.disconnect()
  return {
    ...(path === undefined ? { host, port } : { path }),
    username: username || undefined,
    password: password || undefined,
    db,
    family,
    isTls: tls !== undefined,
  }
}

test.each([
  'redis://queue.example.org',
  'redis://queue.example.org/',
  'redis://queue.example.org:6380/3',
  'rediss://queue.example.org:6380/3',
  'redis://:password@queue.example.org',
  'redis://user@queue.example.org',
  'redis://user:password@queue.example.org/15',
  'redis://us%3Aer:p%40ss%2Fw%23rd%3F%25@queue.example.org',
  'redis://user:p@ss@queue.example.org',
  'redis://user:p:ss@queue.example.org',
  'redis://[::1]',
  'redis://user:password@[2001:db8::1]:6380/1',
  'redis://127.0.0.1:6379',
  'redis://queue.example.org?family=6',
  'redis://queue.example.org?db=4',
  'redis://queue.example.org/2?db=4',
  'redis://queue.example.org?username=user&password=p%26ss',
  '/run/redis/redis.sock',
  '/run/redis/redis.sock?db=2&password=secret',
])('%s is read as ioredis reads it', (url) => {
  expect(byUs(url)).toEqual(byIoredis(url))
})

test('the scheme may be in capitals, and TLS is TLS, which ioredis takes for none', () => {
  expect(byUs('REDISS://queue.example.org')['isTls']).toBe(true)
})

const secret = 'hunter2'

test.each([
  [`http://user:${secret}@host`, 'must begin with redis:// or rediss://'],
  [`${secret}`, 'must begin with redis:// or rediss://'],
  [`redis://user:${secret}/x@host`, 'has a wrong password'],
  [`redis://user:12/${secret}@host`, 'has a wrong password'],
  [`redis://user:${secret}#x@host`, 'has a wrong password'],
  [`redis://user:${secret}?x@host`, 'has a wrong password'],
  [`redis://user:${secret}%@host`, 'has a wrong password'],
  [`redis://us%${secret}:x@host`, 'has a wrong user'],
  [`redis://user:${secret}@`, 'has a wrong host'],
  [`redis://user:${secret}@/1`, 'has a wrong host'],
  [`redis://:${secret}@::1`, 'has a wrong'],
  [`redis://user:x@host:${secret}`, 'has a wrong port'],
  ['redis://host:65536', 'has a wrong'],
  [`redis://user:x@host/${secret}`, 'has a wrong database'],
  [`redis://host?db=${secret}`, 'has a wrong database'],
  [`redis://host?family=${secret}`, 'has a wrong parameter family'],
  [`redis://host?${secret}=1`, 'has a wrong parameter'],
  [`redis://host/1#${secret}`, 'has a wrong end'],
])('%s is refused: it %s', (url, sentence) => {
  const read = () => readEnvironment({ queue: queueSettings }, { REDIS_URL: url })
  expect(read).toThrow(`REDIS_URL ${sentence}`)
  expect(read).not.toThrow(secret)
})
