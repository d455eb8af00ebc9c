// A stand-in for the service: just enough of the contract, in memory, to see what the command line sends and
// how it takes every answer. The walks run against the real one.

import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'

interface StubIdentity {
  readonly id: string
  readonly method: string
  readonly issuer: string
  readonly subject: string
  readonly label: string | null
  readonly createdAt: string
}

interface StubAccount {
  readonly id: string
  readonly handle: string | null
  kind: string
  identities: StubIdentity[]
}

interface StubSession {
  readonly id: string
  readonly account: StubAccount
  readonly identityId: string
  generation: number
  isSteppedUp: boolean
}

interface StubChallenge {
  readonly publicKey: string
  readonly purpose: string
  readonly handle: string | null
  readonly message: string
}

interface Variables {
  readonly id: string
  readonly purpose: string
  readonly input: {
    readonly key: { readonly publicKey: string; readonly handle?: string }
    readonly refreshToken: string
    readonly challengeId: string
    readonly label?: string
    readonly proof: {
      readonly key?: { readonly signature: string }
      readonly anonymous?: { readonly deviceSecret: string }
    }
  }
}

interface StubCall {
  readonly operation: string
  readonly variables: Variables
  readonly bearer: string | null
  readonly userAgent: string
}

class Refused extends Error {
  constructor(
    readonly code: string,
    readonly extensions: object = {},
  ) {
    super(`refused: ${code}`)
  }
}

const secondsFromNow = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

/** A running stub. What is not private may be changed and looked at by a test. */
export class StubIdem {
  accessTokenSeconds = 1500
  needsStepUp = false
  /** Refuses every call with this, as the service would. */
  refuseWith: { readonly code: string; readonly extensions?: object } | null = null
  readonly accounts: StubAccount[] = []
  readonly sessions = new Map<string, StubSession>()
  readonly calls: StubCall[] = []
  url = ''
  readonly #challenges = new Map<string, StubChallenge>()
  readonly #server: Server = createServer(async (request, response) => {
    const { status, body } = this.#answer(await readCall(request))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })

  /** A stub that listens. */
  static async start(): Promise<StubIdem> {
    const stub = new StubIdem()
    await new Promise<void>((resolve) => stub.#server.listen(0, '127.0.0.1', resolve))
    const address = stub.#server.address()
    stub.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    return stub
  }

  /** Stops listening; the state stays. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** The names of the operations called so far. */
  get operations(): readonly string[] {
    return this.calls.map(({ operation }) => operation)
  }

  #answer(call: StubCall): { status: number; body: object } {
    this.calls.push(call)
    try {
      if (this.refuseWith !== null) throw new Refused(this.refuseWith.code, this.refuseWith.extensions)
      if (call.bearer !== null) this.#sessionOf(call)
      return { status: 200, body: { data: this.#run(call) } }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const extensions = { code: error.code, requestId: 'request-1', ...error.extensions }
      const status = error.code === 'UNAUTHENTICATED' ? 401 : 200
      return { status, body: { data: null, errors: [{ message: error.message, extensions }] } }
    }
  }

  #run(call: StubCall): object {
    switch (call.operation) {
      case 'Ping':
        return { __typename: 'Query' }
      case 'WhoAmI':
        return { me: this.#sessionOf(call).account, session: { id: this.#sessionOf(call).id } }
      case 'IssueChallenge':
        return { issueChallenge: this.#issueChallenge(call) }
      case 'SignIn':
        return { signIn: this.#signIn(call) }
      case 'StepUp':
        return { stepUp: this.#stepUp(call) }
      case 'RefreshSession':
        return { refreshSession: this.#refresh(call) }
      case 'EndSession':
        return { endSession: this.sessions.delete(this.#sessionOf(call).id) }
      case 'LinkIdentity':
        return { linkIdentity: this.#link(call) }
      case 'UnlinkIdentity':
        return { unlinkIdentity: this.#unlink(call) }
      default:
        throw new Refused('BAD_USER_INPUT')
    }
  }

  #sessionOf({ bearer }: StubCall): StubSession {
    const session = this.sessions.get(bearer?.split('.')[1] ?? '')
    if (session === undefined) throw new Refused('UNAUTHENTICATED')
    return session
  }

  #issueChallenge(call: StubCall) {
    const { input, purpose } = call.variables
    if (purpose !== 'SIGN_IN') this.#sessionOf(call)
    const id = randomUUID()
    const message = `Idem challenge ${id} for ${purpose}\nnönce`
    const { publicKey, handle = null } = input.key
    this.#challenges.set(id, { publicKey, purpose, handle, message })
    return { id, message }
  }

  #prove({ variables: { input } }: StubCall, purpose: string) {
    const { anonymous, key } = input.proof
    if (anonymous !== undefined) {
      const subject = createHash('sha256').update(anonymous.deviceSecret).digest('hex')
      return { method: 'anonymous', subject, handle: null }
    }
    const challenge = this.#challenges.get(input.challengeId)
    if (challenge === undefined || !this.#challenges.delete(input.challengeId))
      throw new Refused('CHALLENGE_SPENT')
    const isProven = isSignature(challenge.publicKey, challenge.message, key?.signature ?? '')
    if (!isProven || challenge.purpose !== purpose) throw new Refused('PROOF_REJECTED')
    return { method: 'key', subject: challenge.publicKey, handle: challenge.handle }
  }

  #find(method: string, subject: string) {
    for (const account of this.accounts) {
      const identity = account.identities.find((one) => one.method === method && one.subject === subject)
      if (identity !== undefined) return { account, identity }
    }
    return null
  }

  #signIn(call: StubCall) {
    const { method, subject, handle } = this.#prove(call, 'SIGN_IN')
    const known = this.#find(method, subject)
    const isTaken = this.accounts.some((account) => account.handle !== null && account.handle === handle)
    const isForeign = handle !== null && known?.account.handle !== handle
    if (known === null ? isTaken : isForeign) throw new Refused('PROOF_REJECTED')
    const identity = known?.identity ?? newIdentity(method, subject, null)
    const account = known?.account ?? {
      id: randomUUID(),
      handle,
      kind: method === 'key' ? 'PERSON' : 'ANONYMOUS',
      identities: [identity],
    }
    if (known === null) this.accounts.push(account)
    const session = { id: randomUUID(), account, identityId: identity.id, generation: 1, isSteppedUp: false }
    this.sessions.set(session.id, session)
    return { account, tokens: this.#tokensOf(session), provisioned: known === null }
  }

  #stepUp(call: StubCall) {
    const session = this.#sessionOf(call)
    const { method, subject } = this.#prove(call, 'STEP_UP')
    if (this.#find(method, subject)?.account !== session.account) throw new Refused('PROOF_REJECTED')
    session.isSteppedUp = true
    return this.#tokensOf(session)
  }

  #refresh({ variables: { input } }: StubCall) {
    const [, id = '', generation] = input.refreshToken.split('.')
    const session = this.sessions.get(id)
    if (session === undefined) throw new Refused('UNAUTHENTICATED')
    if (session.generation !== Number(generation)) {
      this.sessions.delete(id)
      throw new Refused('REFRESH_REUSED')
    }
    session.generation += 1
    return this.#tokensOf(session)
  }

  #link(call: StubCall) {
    const { account } = this.#steppedUp(call)
    const { method, subject } = this.#prove(call, 'LINK_IDENTITY')
    if (this.#find(method, subject) !== null) throw new Refused('CONFLICT')
    const identity = newIdentity(method, subject, call.variables.input.label ?? null)
    account.identities = [...account.identities.filter((one) => one.method === 'key'), identity]
    account.kind = 'PERSON'
    return { account, identity }
  }

  #unlink(call: StubCall) {
    const { account } = this.#steppedUp(call)
    const { id } = call.variables
    if (account.identities.length === 1) throw new Refused('LAST_IDENTITY')
    account.identities = account.identities.filter((identity) => identity.id !== id)
    for (const session of this.sessions.values()) {
      if (session.identityId === id) this.sessions.delete(session.id)
    }
    return account
  }

  #steppedUp(call: StubCall): StubSession {
    const session = this.#sessionOf(call)
    if (!this.needsStepUp || session.isSteppedUp) return session
    throw new Refused('STEP_UP_REQUIRED', { acrValues: ['aal1'], maxAgeSeconds: 300 })
  }

  #tokensOf({ id, generation }: StubSession) {
    return {
      accessToken: `access.${id}.${generation}`,
      tokenType: 'Bearer',
      accessTokenExpiresAt: secondsFromNow(this.accessTokenSeconds),
      refreshToken: `refresh.${id}.${generation}`,
      refreshTokenExpiresAt: secondsFromNow(1800),
      sessionExpiresAt: secondsFromNow(86_400),
    }
  }
}

const newIdentity = (method: string, subject: string, label: string | null): StubIdentity => {
  const issuer = method === 'key' ? 'ed25519' : 'idem'
  return { id: randomUUID(), method, issuer, subject, label, createdAt: secondsFromNow(0) }
}

const isSignature = (publicKey: string, message: string, signature: string): boolean => {
  const x = Buffer.from(publicKey, 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, Buffer.from(message), key, Buffer.from(signature, 'base64'))
}

const readCall = async (request: IncomingMessage): Promise<StubCall> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const { query, variables } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  return {
    operation: /(?:query|mutation) (\w+)/.exec(query)?.[1] ?? '',
    variables,
    bearer: request.headers.authorization?.replace('Bearer ', '') ?? null,
    userAgent: request.headers['user-agent'] ?? '',
  }
}
