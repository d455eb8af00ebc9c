// A person at the sign-in page without a browser: reads the forms of its pages and sends them.
import { dataOf } from './calls.js'
import { newPkcePair } from './pkce.js'
import type { Answer, TestService } from './start-service.js'

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
const plain = (text: string): string =>
  text.replace(/&([a-z\d#]+);/g, (_, name: string) => entities[name] ?? '')

/** A form of a page. */
export interface ReadForm {
  readonly way: string
  readonly step: string
  /** The values of all its inputs, by name. */
  readonly values: Readonly<Record<string, string>>
  readonly markup: string
}

/** A page, or the redirect after the last form. */
export class ReadPage {
  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly body: string,
  ) {}

  /** The heading. */
  get title(): string {
    return plain(/<h1>(.*?)<\/h1>/.exec(this.body)?.[1] ?? '')
  }

  /** All that is said as wrong. */
  get problems(): string[] {
    return [...this.body.matchAll(/<p class="alarm"[^>]*>([^<]+)<\/p>/g)].map(([, text = '']) => plain(text))
  }

  get forms(): ReadForm[] {
    return [...this.body.matchAll(/<form [^>]*data-step="(\w+)"[\s\S]*?<\/form>/g)].map(
      ([markup, step = '']) => {
        const inputs = [...markup.matchAll(/<input [^>]*>/g)].map(([input]) => input)
        const attribute = (input: string, name: string): string =>
          plain(new RegExp(` ${name}="([^"]*)"`).exec(input)?.[1] ?? '')
        const values = Object.fromEntries(
          inputs.map((input) => [attribute(input, 'name'), attribute(input, 'value')]),
        )
        return { way: values['way'] ?? '', step, values, markup }
      },
    )
  }

  /** The form of a way. */
  form(way: string, step?: string): ReadForm {
    const found = this.forms.find((each) => each.way === way && (step === undefined || each.step === step))
    if (found === undefined) throw new Error(`no form ${way} in ${this.status} ${this.body}`)
    return found
  }

  /** The parameters of the redirect. */
  get returned(): URL {
    const location = this.headers.get('location')
    if (location === null) throw new Error(`no redirect: ${this.status} ${this.problems} ${this.body}`)
    return new URL(location)
  }
}

/** A person at the page, whom a program has sent there. */
export class SignInVisitor {
  readonly pair = newPkcePair()

  constructor(
    readonly idem: TestService,
    readonly returnUrl = 'http://localhost:5173/signed-in',
    readonly state = 'state of this tab',
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** The address of the page, with other parameters. */
  url(change: Readonly<Record<string, string>> = {}): string {
    const parameters = {
      return_url: this.returnUrl,
      state: this.state,
      code_challenge: this.pair.codeChallenge,
      code_challenge_method: 'S256',
      ...change,
    }
    return `${this.idem.url}/sign-in?${new URLSearchParams(parameters)}`
  }

  /** Opens the page. */
  async open(change: Readonly<Record<string, string>> = {}): Promise<ReadPage> {
    return await this.follow(this.url(change))
  }

  /** Opens an address that a program made. */
  async follow(url: string): Promise<ReadPage> {
    return await this.#read(url, { headers: this.headers })
  }

  /** Sends a form with what is typed. */
  async send(form: ReadForm, typed: Readonly<Record<string, string>> = {}): Promise<ReadPage> {
    return await this.post(new URLSearchParams({ ...form.values, ...typed }))
  }

  /** Sends any body as a form. */
  async post(
    body: URLSearchParams | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ReadPage> {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    return await this.#read(`${this.idem.url}/sign-in`, {
      method: 'POST',
      body: String(body),
      headers: { ...type, ...this.headers, ...headers },
    })
  }

  /** Redeems the code of a redirect, as the program does. */
  async tryRedeem(page: ReadPage): Promise<Answer> {
    const login = { code: page.returned.searchParams.get('code'), codeVerifier: this.pair.codeVerifier }
    return await this.idem.ask(
      `mutation ($input: SignInInput!) { signIn(input: $input) { provisioned account { id kind }
        tokens { accessToken } secondFactor { id method } } }`,
      { input: { proof: { login } } },
    )
  }

  /** The same; asserts success. */
  async redeem(page: ReadPage): Promise<{
    readonly provisioned: boolean
    readonly account: { readonly id: string; readonly kind: string }
    readonly tokens: { readonly accessToken: string }
  }> {
    return dataOf(await this.tryRedeem(page)).signIn
  }

  async #read(url: string, init: RequestInit): Promise<ReadPage> {
    const response = await fetch(url, { ...init, redirect: 'manual' })
    return new ReadPage(response.status, response.headers, await response.text())
  }
}
