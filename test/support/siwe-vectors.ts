// Test vectors of ERC-4361, from the folder `test` of its reference implementation, spruceid/siwe (MIT or Apache-2.0).

/** A signed text. */
export interface SignedVector {
  readonly name: string
  readonly address: string
  readonly text: string
  readonly signature: string
}

const signedText = (domain: string, address: string, statement: string, fields: readonly string[]): string =>
  [`${domain} wants you to sign in with your Ethereum account:`, address, '', statement, '', ...fields].join(
    '\n',
  )

const example = 'Sign-In With Ethereum Example Statement'
const fieldsOf = (uri: string, nonce: string, issuedAt: string, ...more: readonly string[]) => [
  `URI: ${uri}`,
  'Version: 1',
  'Chain ID: 1',
  `Nonce: ${nonce}`,
  `Issued At: ${issuedAt}`,
  ...more,
]

const login = 'https://login.xyz'
const address = '0x6Da01670d8fc844e736095918bbE11fE8D564163'
const wrongText = signedText(
  'login.xyz',
  address,
  example,
  fieldsOf(login, 'rmplqh1gf', '2022-01-05T14:31:43.954Z', 'Expiration Time: 2100-01-07T14:31:43.952Z'),
)

/** Of `verification_positive.json`. */
export const rightSignatures: readonly SignedVector[] = [
  {
    name: 'example message',
    address: '0x9D85ca56217D2bb651b00f15e694EB7E713637D4',
    text: signedText(
      'login.xyz',
      '0x9D85ca56217D2bb651b00f15e694EB7E713637D4',
      example,
      fieldsOf(
        login,
        'bTyXgcQxn2htgkjJn',
        '2022-01-27T17:09:38.578Z',
        'Expiration Time: 2100-01-07T14:31:43.952Z',
      ),
    ),
    signature:
      '0xdc35c7f8ba2720df052e0092556456127f00f7707eaa8e3bbff7e56774e7f2e05a093cfc9e02964c33d86e8e066e221b7d153d27e5a2e97ccd5ca7d3f2ce06cb1b',
  },
  {
    name: 'not yet valid',
    address: '0xE6D3Aa1F561A215E5eb1f02Ba8705385F03fCaFB',
    text: signedText(
      'login.xyz',
      '0xE6D3Aa1F561A215E5eb1f02Ba8705385F03fCaFB',
      example,
      fieldsOf(login, 'lx2nx4so', '2022-01-05T14:27:30.883Z', 'Not Before: 2100-01-07T14:31:43.952Z'),
    ),
    signature:
      '0xc2539ace78f13c7eb8c0852d38d269a6f97bebd9f7872097d2e3137b541f8bf50176062a46eeea83086bd2721423fb5755a932ff6ccc046ed482d14e4576042f1c',
  },
  {
    name: 'expired message',
    address: '0x2ecA0068307e706741445764A3D6A4402aC2A5a9',
    text: signedText(
      'login.xyz',
      '0x2ecA0068307e706741445764A3D6A4402aC2A5a9',
      example,
      fieldsOf(login, 'lx2nx4so', '2022-01-05T14:27:30.883Z', 'Expiration Time: 2021-01-05T00:00:00Z'),
    ),
    signature:
      '0x7337bc2826c7678cd6bc84f5b3b236efc969b0451f9feca2328b1d3401b030c113f19bdba359ba3f52762c66e9147311fa95fe598a1a4ec9bb383a7b4e3874241b',
  },
  {
    name: 'recovery byte starting at 0',
    address: '0xc95EB884FE852e241D409234bfC7045CB9E31BD7',
    text: signedText(
      'www.tally.xyz',
      '0xc95EB884FE852e241D409234bfC7045CB9E31BD7',
      'Sign in with Ethereum to Tally',
      fieldsOf('https://tally.xyz', '15050747', '2022-06-30T14:08:51.382Z'),
    ),
    signature:
      '0x8c46b6eb8505939892d8e9b075f89f8277321b17b993151f37810cdda38cce6f4a85909d2b53e6a14629c74c0ac38bf4becde78ee5b2529812bf6cceaf7b2a2501',
  },
]

/** Of `verification_negative.json`. */
export const wrongSignatures: readonly SignedVector[] = [
  {
    name: 'malformed signature',
    address,
    text: wrongText,
    signature:
      '0xf2e8420fc1b722bf4941f5a0464f98172a758ceda5039f622e425fb69fd19b20e444bba7c9a8a8d7e2b5e453553efe7c9460be5d211abe473fc146d51bb04d0cb1b',
  },
  {
    name: 'wrong signature',
    address,
    text: wrongText,
    signature:
      '0x31df81dc02344c9156e6f71da46e2db624b38f8f806290d670d46492b834b2e7575cbce9f48169356cfb577b910d8e30732fcf23c1ac0021d08b945ed7ee118e1b',
  },
]

const service = 'I accept the ServiceOrg Terms of Service: https://service.org/tos'
const positive = (domain: string, issuedAt: string, ...more: readonly string[]) =>
  signedText(
    domain,
    '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2',
    service,
    fieldsOf('https://service.org/login', '32891757', issuedAt, ...more),
  )
const noon = '2021-09-30T16:25:24.000Z'

/** Of `parsing_positive.json`. */
export const rightTexts: Readonly<Record<string, string>> = {
  'couple of optional fields': positive(
    'service.org',
    noon,
    'Resources:',
    '- ipfs://Qme7ss3ARVgxv6rXqVPiikMJ8u2NLgmgszg13pYrDKEoiu',
    '- https://example.com/my-web2-claim.json',
  ),
  'no optional field': positive('service.org', noon),
  'timestamp without microseconds': positive('service.org', '2021-09-30T16:25:24Z'),
  'domain is RFC 3986 authority with IP': positive('127.0.0.1', noon),
  'domain is RFC 3986 authority with userinfo': positive('test@127.0.0.1', noon),
  'domain is RFC 3986 authority with port': positive('127.0.0.1:8080', noon),
  'domain is RFC 3986 authority with userinfo and port': positive('test@127.0.0.1:8080', noon),
  'no statement': positive('service.org', noon).replace(`\n${service}\n`, '\n'),
}

const whole = signedText(
  'service.org',
  '0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946',
  service,
  fieldsOf(
    'https://service.org/login',
    '12341234',
    '2022-03-17T12:45:13.610Z',
    'Expiration Time: 2023-03-17T12:45:13.610Z',
    'Not Before: 2022-03-17T12:45:13.610Z',
    'Request ID: some_id',
    'Resources:',
    '- https://service.org/login',
  ),
)
/** The text with the line that begins so moved behind the next one. */
const later = (beginning: string): string =>
  whole.replace(new RegExp(`^(${beginning}.*)\n(.*)$`, 'm'), '$2\n$1')
const calendar = 'Wed Oct 05 2011 16:48:00 GMT+0200 (CEST)'

/** Of `parsing_negative.json`. */
export const wrongTexts: Readonly<Record<string, string>> = {
  'missing domain': whole.replace('service.org wants', ' wants'),
  'missing address': whole.replace(/0x\w{40}/, ''),
  'missing uri': whole.replace(/^URI.*$/m, ''),
  'missing version': whole.replace(/^Version.*$/m, ''),
  'missing chainId': whole.replace(/^Chain ID.*$/m, ''),
  'missing nonce': whole.replace(/^Nonce.*$/m, ''),
  'missing issuedAt': whole.replace(/^Issued At.*$/m, ''),
  'out of order uri': later('URI'),
  'out of order version': later('Version'),
  'out of order chainId': later('Chain ID'),
  'out of order nonce': later('Nonce'),
  'out of order issuedAt': later('Issued At'),
  'out of order expirationTime': later('Expiration Time'),
  'out of order notBefore': later('Not Before'),
  'out of order requestId': whole.replace('Request ID: some_id\n', '').replace(/$/, '\nRequest ID: some_id'),
  'extra line breaks': whole.replace('\n\nI accept', '\n\n\nI accept'),
  'wrong version': whole.replace('Version: 1', 'Version: 2'),
  'statement has line break': whole.replace('Service: ', 'Service: \n'),
  'not a valid chainId': whole.replace('Chain ID: 1', 'Chain ID: ?'),
  'nonce with less then 8 chars': whole.replace('12341234', '1234567'),
  'non-ISO 8601 issuedAt': whole.replace(/(Issued At: ).*/, `$1${calendar}`),
  'non-ISO 8601 expirationTime': whole.replace(/(Expiration Time: ).*/, `$1${calendar}`),
  'non-ISO 8601 notBefore': whole.replace(/(Not Before: ).*/, `$1${calendar}`),
  'uri is non-RFC 3986': whole.replace(/URI: .*/, 'URI: _not_a_rfc3986_valid_uri_'),
  'first resource is not-RFC3986': `${whole}\n- _not_a_rfc3986_valid_uri_`,
  'resources not separated by line break': `${whole} - https://service.org/login/2`,
}
