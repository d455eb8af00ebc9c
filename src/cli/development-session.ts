// The session at a development server without authentication, which has no tokens.

import { developmentBearer } from '../client/development-bearer.js'
import type { TokenStore } from '../client/token-store.js'
import type { KeptTokens } from '../client/tokens.js'
import { CliError } from './cli-error.js'
import { shellWord } from './shell-word.js'

const ever = '9999-12-31T23:59:59.000Z'
const always = '1970-01-01T00:00:00.000Z'

/** A store whose only token is the unproven bearer of the address. It is never renewed. */
export const developmentTokenStore = (address: string): TokenStore => ({
  read: async () => tokensOf(address),
  update: async () => {
    throw new CliError(
      'SIGNED_OUT',
      'The server believes the address alone no longer.',
      `Sign in: idem login --email ${shellWord(address)}`,
    )
  },
})

const tokensOf = (address: string): KeptTokens => ({
  accessToken: developmentBearer(address),
  tokenType: 'Bearer',
  accessTokenExpiresAt: ever,
  refreshToken: '',
  refreshTokenExpiresAt: ever,
  sessionExpiresAt: ever,
  issuedAt: always,
  receivedAt: always,
  refreshStartedAt: null,
})
