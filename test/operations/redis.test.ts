// docs/operations.md: a new password of Redis, while a worker goes on.
import { execFileSync } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { millisecondsUntil } from '../support/calls.js'
import { block, production, serving, shell } from '../support/operations.js'
import { findRedisServer, RedisServer } from '../support/redis.js'
import { createDatabase } from '../support/start-service.js'

const program = findRedisServer()

/** redis-cli goes on as the default user where its login was refused. */
const isLoggedIn = (url: string): boolean =>
  execFileSync('redis-cli', ['--no-auth-warning', '-u', url, 'acl', 'whoami'], { stdio: 'pipe' })
    .toString()
    .startsWith('idem')

describe.skipIf(program === null && process.env['CI'] === undefined)('on Redis (needs redis-server)', () => {
  test('the old password goes when all have the new one, and what is open stays open', {
    timeout: 180_000,
  }, async () => {
    if (program === null) throw new Error('needs redis-server: install it, or set REDIS_SERVER_PATH')
    const redis = await RedisServer.start(program)
    onTestFinished(async () => await redis.stop())
    const environment = { REDIS_ADMIN_URL: `redis://${redis.address}` }
    await redis.ask((client) => client.call('ACL', 'SETUSER', 'idem', 'on', '>PASSWORD', '~*', '+@all', '&*'))
    const url = (password: string): string => `redis://idem:${password}@${redis.address}/0`
    const redisOf = async (password: string) => ({
      ...production(await createDatabase()),
      REDIS_URL: url(password),
    })
    await serving(await redisOf('PASSWORD'), async (old, process) => {
      await shell(block('New secrets', 3), environment)
      expect([isLoggedIn(url('PASSWORD')), isLoggedIn(url('NEW'))]).toEqual([true, true])
      await serving(await redisOf('NEW'), async () => {
        await shell(block('New secrets', 4), environment)
        expect([isLoggedIn(url('PASSWORD')), isLoggedIn(url('NEW'))]).toEqual([false, true])
        await millisecondsUntil(10_000, async () => (await fetch(`${old.url}/readyz`)).status === 200)
        expect(process.stdout).not.toContain('WRONGPASS')
      })
    })
  })
})
