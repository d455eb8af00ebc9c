// Which refusals are told by the HTTP status: those of a request of which nothing was done.
import { afterAll, expect, test } from 'vitest'
import { startTestService } from '../support/start-service.js'

const guest = 'signIn(input: {proof: {anonymous: {}}}) { provisioned }'
const idem = await startTestService({ environment: { IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '2' } })
afterAll(async () => await idem.stop())

test('one field refused beside another does not invite to repeat what the other has done', async () => {
  for (const query of [
    `mutation { a: ${guest} b: ${guest} c: ${guest} }`,
    `mutation { ...Three } fragment Three on Mutation { a: ${guest} b: ${guest} c: ${guest} }`,
  ]) {
    const answer = await idem.ask(query)
    expect(answer.errors[0]?.extensions['code']).toBe('RATE_LIMITED')
    expect(answer.status).toBe(200)
    idem.clock.advance(301)
  }
})

test('the one field that was asked for is refused with 429 and Retry-After', async () => {
  for (const status of [200, 200, 429]) expect((await idem.ask(`mutation { ${guest} }`)).status).toBe(status)
  const refused = await idem.ask(`mutation { ${guest} }`)
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe(String(refused.errors[0]?.extensions['retryAfterSeconds']))
})
