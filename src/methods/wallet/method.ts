// The method `wallet`: an Ethereum wallet signs an ERC-4361 text; an unknown wallet registers (Space and Time).
import { Field, InputType } from 'type-graphql'
import { parseHandle } from '../../accounts/handle.js'
import type { ChallengeDraft } from '../../challenges/challenge.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import type { Attempt, IdentityDefinition, ShownIdentity } from '../method.js'
import { parseAddress } from './address.js'
import { caipAccountOf, readCaipAccount } from './caip-account.js'
import { parseChain } from './chain.js'
import { ContractWallets } from './contract-wallets.js'
import { walletForm } from './form.js'
import { composeMessage } from './message.js'
import { WalletSignatures } from './wallet-signature.js'

/** The request of a wallet challenge. */
@InputType({ description: 'Ask for a text (ERC-4361) to sign with an Ethereum wallet.' })
export class WalletChallengeInput {
  @Field(() => String, {
    description: 'The address: 0x and 40 hex digits, in one case or with the checksum of EIP-55.',
  })
  address!: string

  @Field(() => String, { description: 'The EIP-155 chain: `eip155:1` or `1`.' })
  chainId!: string

  @Field(() => String, { nullable: true, description: 'The handle to register with or to sign in under.' })
  handle?: string
}

/** The proof for a wallet challenge. */
@InputType({ description: 'Answer a wallet challenge.' })
export class WalletProof {
  @Field(() => String, {
    description:
      'The signature over `Challenge.message` by `personal_sign` (EIP-191), as 0x and hex: 65 bytes of a key, or what a contract wallet expects.',
  })
  signature!: string
}

/** Proves control of an Ethereum wallet by a signature over a challenge's message. */
export const walletMethod: IdentityDefinition<WalletProof, WalletChallengeInput> = {
  kind: 'identity',
  name: 'wallet',
  description: 'An Ethereum wallet.',
  words: {
    en: { name: 'Ethereum wallet', identity: 'the Ethereum wallet' },
    de: { name: 'Ethereum-Wallet', identity: 'die Ethereum-Wallet' },
  },
  proof: WalletProof,
  request: WalletChallengeInput,
  form: walletForm,
  needsChallenge: true,
  provisions: 'PERSON',
  links: true,
  showsSubject: true,

  create: ({ publicUrl, ...needs }) => {
    const signatures = new WalletSignatures(new ContractWallets(needs))
    return {
      async challenge(_call: Call, request: WalletChallengeInput): Promise<ChallengeDraft> {
        const wallet = { chain: parseChain(request.chainId), address: parseAddress(request.address) }
        const handle = request.handle == null ? null : parseHandle(request.handle)
        return {
          subject: caipAccountOf(wallet),
          handle,
          state: null,
          compose: (terms) => composeMessage({ ...wallet, handle, publicUrl }, terms),
          keeping: { by: 'asker' },
        }
      },

      about: ({ challenge }) =>
        challenge?.subject == null
          ? null
          : { issuer: readCaipAccount(challenge.subject).chain, subject: challenge.subject },

      async verify(call: Call, { proof, challenge }: Attempt<WalletProof>): Promise<ShownIdentity> {
        const { message, subject } = challenge ?? { message: null, subject: null }
        if (message === null || subject === null)
          throw new Failure('PROOF_REJECTED', undefined, { reason: 'no challenge of a wallet' })
        const wallet = readCaipAccount(subject)
        await signatures.require(call, wallet, { text: message, signature: proof.signature })
        return {
          issuer: wallet.chain,
          subject,
          // RFC 8176: proof of possession of a key. Whether it is protected by hardware is unknown.
          amr: ['pop'],
          acr: 'aal1',
          deviceName: null,
          credential: null,
          writes: [],
        }
      },
    }
  },
}
