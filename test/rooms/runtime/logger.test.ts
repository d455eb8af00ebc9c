// No secret reaches the log, whatever happens to it: searched for after a whole walk, wrong turns included.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { askMe, codeOf, dataOf, refresh, setHandle, tryRefresh } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { startTestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

test('tokens, signatures, challenges, device secrets and private keys are in no log line and no audit entry', async () => {
  const masterSecret = 'a master secret that must not be printed'
  const idem = await startTestService({
    environment: { IDEM_LOG_LEVEL: 'trace' },
    secrets: [masterSecret],
  })
  const tables = await Tables.open(idem.databaseUrl)
  const secrets = new Map<string, string>([['master secret', masterSecret]])
  const keep = (name: string, secret: string) => secrets.set(name, secret)

  const owner = new KeyOwner(idem)
  keep('private key', String(owner.privateKey.export({ format: 'jwk' }).d))
  const challenge = await owner.challenge({ handle: 'discreet' })
  const answer = owner.answer(challenge)
  keep('challenge', challenge.id)
  keep('signature', answer.proof.key.signature)
  const signIn =
    'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken refreshToken } } }'
  const { tokens } = dataOf(await idem.ask(signIn, { input: answer })).signIn
  keep('access token', tokens.accessToken)
  keep('refresh token', tokens.refreshToken)
  expect(codeOf(await idem.ask(signIn, { input: answer }))).toBe('CHALLENGE_SPENT')
  const forged = new KeyOwner(idem).sign(challenge.message)
  keep('wrong signature', forged)
  await idem.ask(signIn, { input: { ...answer, proof: { key: { signature: forged } } } })
  await idem.ask(signIn, { input: { ...answer, challengeId: `${challenge.id}x` } })

  const deviceSecret = randomBytes(32).toString('base64')
  keep('device secret', deviceSecret)
  const guest = await signInAsGuest(idem, { deviceSecret })
  const shortSecret = randomBytes(20).toString('base64')
  keep('short device secret', shortSecret)
  await idem.ask(signIn, { input: { proof: { anonymous: { deviceSecret: shortSecret } } } })
  // Values end up in graphql-js' messages when they have the wrong type or place.
  await idem.ask('query ($id: ID!) { challenge(id: $id) { id } }', { id: { nested: tokens.refreshToken } })
  await idem.ask(signIn, { input: { proof: { anonymous: { deviceSecrets: deviceSecret } } } })
  await idem.ask(
    `mutation { refreshSession(input: { refreshToken: ${JSON.stringify(tokens.refreshToken)}, x: 1 }) { accessToken } }`,
  )
  await idem.ask(`{ me { id } } # ${tokens.accessToken} ${'('}`)
  await idem.post(`{"query": "${tokens.refreshToken}`)
  await fetch(`${idem.url}/graphql?token=${tokens.accessToken}`)
  await fetch(`${idem.url}/${tokens.refreshToken}`)
  await idem.askAs(`${tokens.accessToken.slice(0, -6)}AAAAAA`, '{ me { id } }')
  await idem.askAs(tokens.refreshToken, '{ me { id } }')
  await setHandle(idem, guest.accessToken, 'discreet')
  await new KeyOwner(idem).link(tokens.accessToken, 'Second')
  await owner.stepUp(tokens.accessToken)
  const next = await refresh(idem, tokens.refreshToken)
  keep('second refresh token', next.refreshToken)
  keep('second access token', next.accessToken)
  await refresh(idem, next.refreshToken)
  expect(codeOf(await tryRefresh(idem, tokens.refreshToken))).toBe('REFRESH_REUSED')
  await askMe(idem, next.accessToken)

  // Database trouble carries statements and their values.
  await tables.query('alter table identity rename to hidden')
  await signInAsGuest(idem, { deviceSecret }).catch(() => undefined)
  const broken = idem.bugs.length
  await tables.query('alter table hidden rename to identity')
  expect(broken).toBeGreaterThan(0)

  const log = idem.logLines.join('')
  const stored = JSON.stringify(await tables.query('select * from audit_entry'))
  expect(idem.logLines.length).toBeGreaterThan(30)
  for (const [name, secret] of secrets) {
    // The last part of a token or sealed value is what makes it one.
    const telling = secret.split('.').at(-1) ?? secret
    expect([name, log.includes(telling)]).toEqual([name, false])
    expect([name, stored.includes(telling)]).toEqual([name, false])
  }
  for (const line of idem.logLines) expect(() => JSON.parse(line)).not.toThrow()
  await tables.close()
  // This walk broke the database on purpose.
  await expect(idem.stop()).rejects.toThrow('it answered with a bug')
})
