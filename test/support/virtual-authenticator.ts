// Chromium's virtual authenticator, driven by its protocol (https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn).
import type { CDPSession, Page } from 'playwright-core'

/** An authenticator of one page. */
export class VirtualAuthenticator {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  /** Adds one to a page: built in, keeps passkeys, verifies its user unless it says otherwise, and answers by itself. */
  static async add(
    page: Page,
    traits: { readonly hasUserVerification?: false } = {},
  ): Promise<VirtualAuthenticator> {
    const session = await page.context().newCDPSession(page)
    await session.send('WebAuthn.enable')
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        ...traits,
      },
    })
    return new VirtualAuthenticator(session, authenticatorId)
  }

  /** Takes it away from the page. */
  async remove(): Promise<void> {
    await this.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.authenticatorId })
  }

  /** Whether the user is recognised from now on. */
  async setUserVerified(isUserVerified: boolean): Promise<void> {
    await this.session.send('WebAuthn.setUserVerified', {
      authenticatorId: this.authenticatorId,
      isUserVerified,
    })
  }

  /** The passkeys that it keeps. */
  async credentials() {
    const { credentials } = await this.session.send('WebAuthn.getCredentials', {
      authenticatorId: this.authenticatorId,
    })
    return credentials
  }

  /** Keeps a passkey from now on, in place of the one with its id. */
  async keep(credential: Awaited<ReturnType<VirtualAuthenticator['credentials']>>[number]): Promise<void> {
    const { authenticatorId } = this
    const { credentialId } = credential
    if ((await this.credentials()).some((other) => other.credentialId === credentialId))
      await this.session.send('WebAuthn.removeCredential', { authenticatorId, credentialId })
    await this.session.send('WebAuthn.addCredential', { authenticatorId, credential })
  }
}
