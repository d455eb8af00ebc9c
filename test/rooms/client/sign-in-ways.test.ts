// The sign-ins of a front end: each way against the real service, and the way over the server's own page.
import { randomUUID, sign } from 'node:crypto'
import { hexToString } from 'viem'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { Worker } from '../../../jobs/worker.js'
import { beginSignIn } from '../../../src/client/begin-sign-in.js'
import { finishSignIn } from '../../../src/client/finish-sign-in.js'
import type { IdemError } from '../../../src/client/idem-error.js'
import { type TextStorage, tabStorage } from '../../../src/client/pending-sign-in.js'
import { signInWithEmail } from '../../../src/client/sign-in-with-email.js'
import { signInWithGuest } from '../../../src/client/sign-in-with-guest.js'
import { signInWithKey } from '../../../src/client/sign-in-with-key.js'
import { signInWithPasskey } from '../../../src/client/sign-in-with-passkey.js'
import { signInWithPassword } from '../../../src/client/sign-in-with-password.js'
import { signInWithWallet } from '../../../src/client/sign-in-with-wallet.js'
import { httpTransport, type Transport } from '../../../src/client/transport.js'
import { secretsOfChallenge } from '../../support/challenge-secrets.js'
import { EmailOwner, otherCode, pressButton } from '../../support/email-owner.js'
import { expectSignedIn, KeyOwner } from '../../support/key-owner.js'
import { mailboxInbox } from '../../support/mail-reader.js'
import { PasskeyOwner } from '../../support/passkey-owner.js'
import { PasswordOwner } from '../../support/password-owner.js'
import { SignInVisitor } from '../../support/sign-in-visitor.js'
import { cheapPasswords, startTestService, type TestService } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'
import { WalletOwner } from '../../support/wallet-owner.js'
import { Wiretap } from './wiretap.js'

let idem: TestService
let worker: Worker
let wire: Wiretap
let transport: Transport
beforeAll(async () => {
  idem = await startTestService({ environment: cheapPasswords })
  worker = await startTestWorker(idem)
  wire = await Wiretap.to(idem.url)
  transport = httpTransport({ url: idem.url })
})
afterAll(async () => {
  await wire.stop()
  await worker.stop()
  await idem.stop()
})
beforeEach(() => wire.forget())

/** A storage as browsers have it. */
const newStorage = (): TextStorage & { readonly kept: Map<string, string> } => {
  const kept = new Map<string, string>()
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  }
}

const somebody = (): EmailOwner => new EmailOwner(idem, mailboxInbox(idem), `${randomUUID()}@example.org`)

test('a guest is the same one as long as the storage keeps the secret', async () => {
  const storage = newStorage()
  const first = await signInWithGuest(transport, { storage, deviceName: 'laptop' })
  expect(first).toMatchObject({ provisioned: true, account: { kind: 'ANONYMOUS' } })
  const again = await signInWithGuest(transport, { storage })
  expect(again).toMatchObject({ provisioned: false, account: { id: first.account.id } })
  const other = await signInWithGuest(transport, { storage: newStorage() })
  expect(other.account.id).not.toBe(first.account.id)
})

test('by mail: a wrong code is asked for again, with what was wrong', async () => {
  const ada = somebody()
  const problems: (string | null)[] = []
  const signedIn = await signInWithEmail(transport, {
    address: ada.address,
    askForCode: async ({ matchCode }, problem) => {
      expect(matchCode).toMatch(/^\d{4}$/)
      problems.push(problem?.code ?? null)
      const code = await ada.code()
      return ['?', otherCode(code), code][problems.length - 1] ?? ''
    },
  })
  expect(problems).toEqual([null, 'BAD_USER_INPUT', 'PROOF_REJECTED'])
  expect(signedIn).toMatchObject({ provisioned: true, account: { kind: 'PERSON' } })
})

test('by mail: the confirmed link goes on without a code', async () => {
  const bea = somebody()
  const signedIn = await signInWithEmail(transport, {
    address: bea.address,
    askForCode: async ({ matchCode }) => {
      await pressButton(await bea.link(), matchCode ?? '')
      return await new Promise<string>(() => undefined)
    },
  })
  expect(signedIn.provisioned).toBe(true)
})

test('by mail: ends with the signal, and with the last try', async () => {
  const leaving = new AbortController()
  const left = signInWithEmail(transport, {
    address: somebody().address,
    askForCode: async () => {
      leaving.abort(new Error('left'))
      return await new Promise<string>(() => undefined)
    },
    signal: leaving.signal,
  })
  await expect(left).rejects.toThrow('left')
  const cem = somebody()
  const spent = signInWithEmail(transport, {
    address: cem.address,
    askForCode: async () => otherCode(await cem.code()),
  })
  await expect(spent).rejects.toMatchObject({ code: 'CHALLENGE_SPENT' })
})

test('by a password: the second factor is told, and answers as any challenge', async () => {
  const owner = await PasswordOwner.create(idem, mailboxInbox(idem))
  const { handle: login, password } = owner
  const refused = await signInWithPassword(transport, { login, password }).catch((error: unknown) => error)
  const { code, details } = refused as IdemError
  expect([code, details.secondFactor?.method]).toEqual(['STEP_UP_REQUIRED', 'email'])
  const id = details.secondFactor?.id ?? ''
  expectSignedIn(await owner.email.trySignIn(id, (await secretsOfChallenge(idem, id)).code))
  const wrong = signInWithPassword(transport, { login, password: 'not that one' })
  await expect(wrong).rejects.toMatchObject({ code: 'PROOF_REJECTED' })
})

test('by a key', async () => {
  const { publicKey, privateKey } = new KeyOwner(idem)
  const signer = { publicKey, sign: async (message: Uint8Array) => sign(null, message, privateKey) }
  const handle = `key.${randomUUID().slice(0, 8)}`
  const first = await signInWithKey(transport, signer, handle)
  expect(first).toMatchObject({ provisioned: true, account: { handle } })
  expect(await signInWithKey(transport, signer)).toMatchObject({ provisioned: false, account: { handle } })
})

test('by a wallet', async () => {
  const { account } = new WalletOwner(idem)
  const provider = {
    request: async ({ method, params = [] }: { method: string; params?: readonly unknown[] }) => {
      if (method === 'eth_chainId') return '0x1'
      if (method === 'eth_requestAccounts') return [account.address]
      return await account.signMessage({ message: hexToString(params[0] as `0x${string}`) })
    },
  }
  const first = await signInWithWallet(transport, provider)
  expect(first.provisioned).toBe(true)
  const again = await signInWithWallet(transport, provider)
  expect(again).toMatchObject({ provisioned: false, account: { id: first.account.id } })
})

test('by a passkey that the browser gives', async () => {
  const { owner } = await PasskeyOwner.registered(idem)
  const credentials = {
    get: async ({ publicKey }: { publicKey: string }) => ({
      toJSON: () => owner.authenticator.get(publicKey),
    }),
  }
  // As a browser of today: the options are parsed, and the answer turns itself into JSON.
  vi.stubGlobal('navigator', { credentials })
  vi.stubGlobal('PublicKeyCredential', {
    parseRequestOptionsFromJSON: (options: object) => JSON.stringify(options),
  })
  try {
    expect((await signInWithPasskey(transport)).provisioned).toBe(false)
  } finally {
    vi.unstubAllGlobals()
  }
})

const returnUrl = 'http://localhost:5173/back'

/** Begins at a server's page, which signs in a guest; returns the address to which the page sends back. */
const overThePage = async (storage: TextStorage): Promise<string> => {
  const visitor = new SignInVisitor(idem)
  const page = await visitor.follow(await beginSignIn({ server: idem.url, returnUrl, storage }))
  return (await visitor.send(page.form('anonymous'))).returned.href
}

test("over the server's page: once, and in the tab that began", async () => {
  const storage = newStorage()
  const [first, second] = [await overThePage(storage), await overThePage(storage)]
  expect(storage.kept.size).toBe(2)
  expect(await finishSignIn(transport, { url: returnUrl, storage })).toBeNull()
  expect(await finishSignIn(transport, { url: `${returnUrl}?code=x`, storage })).toBeNull()
  // Two at once do not meet.
  for (const url of [second, first])
    expect(await finishSignIn(transport, { url, storage })).toMatchObject({ provisioned: true })
  expect(storage.kept.size).toBe(0)
  for (const url of [first, await overThePage(newStorage())])
    await expect(finishSignIn(transport, { url, storage })).rejects.toMatchObject({ code: 'WRONG_CHALLENGE' })
})

test("over the server's page: the answer of another server is sent to none", async () => {
  // It calls itself as the other one does, as a server would that has sent the person there in secret.
  const tapped = httpTransport({ url: wire.url })
  for (const change of [
    () => undefined,
    (url: URL) => url.searchParams.set('iss', 'https://other.example.org'),
    (url: URL) => url.searchParams.delete('iss'),
  ]) {
    const storage = newStorage()
    const url = new URL(await overThePage(storage))
    change(url)
    await expect(finishSignIn(tapped, { url: url.href, storage })).rejects.toMatchObject({
      code: 'WRONG_CHALLENGE',
    })
  }
  expect(wire.calls.filter(({ operation }) => operation === 'SignIn')).toEqual([])
})

test('the address of the page has the hint, and no verifier', async () => {
  const storage = newStorage()
  const url = new URL(
    await beginSignIn({ server: idem.url, returnUrl, loginHint: 'ada@example.org', storage }),
  )
  expect([...url.searchParams.keys()]).toEqual([
    'return_url',
    'state',
    'code_challenge',
    'code_challenge_method',
    'login_hint',
  ])
  for (const kept of storage.kept.values()) expect(url.href).not.toContain(kept)
})

test('outside of a browser a storage must be given', () => {
  vi.stubGlobal('sessionStorage', undefined)
  try {
    expect(() => tabStorage()).toThrow('give a storage')
  } finally {
    vi.unstubAllGlobals()
  }
})
