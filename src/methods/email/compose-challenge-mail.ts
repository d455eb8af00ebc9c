// Composes the mail of an email challenge: its code, its link, and the asking device.
import { isExpired, type MailedAct, mailedActOf } from '../../challenges/challenge.js'
import type { HeldChallenges } from '../../challenges/held-challenges.js'
import type { HeldSecrets } from '../../challenges/held-secrets.js'
import type { Call } from '../../database/call.js'
import type { MailContent } from '../../mail/content.js'
import type { TemplateName } from '../../mail/templates.js'
import { deviceInWords, type MethodVocabulary, methodInWords, timeInWords } from '../../mail/words.js'
import { trustedDeviceNameOf } from '../../sessions/device-name.js'

/** What `composeChallengeMail` works with. */
export interface ComposeChallengeMailNeeds {
  readonly heldChallenges: HeldChallenges
  readonly heldSecrets: HeldSecrets
  readonly vocabulary: MethodVocabulary
  /** The beginning of links, independent of the `Host` of requests. */
  readonly publicUrl: string
}

/**
 * Inserts a word joiner (U+2060) after each dot of a handle, so that mail programs do not turn it into a link. A handle
 * may look like a domain, and a stranger may have picked it.
 */
const unlinked = (name: string): string => name.replaceAll('.', '.\u2060')

const templateOf: Readonly<Record<MailedAct, TemplateName>> = {
  SIGN_IN: 'sign-in-code',
  LINK_IDENTITY: 'link-code',
  STEP_UP: 'step-up-code',
  RESET_PASSWORD: 'reset-code',
  SECOND_FACTOR: 'second-factor-code',
}

/** The content of a challenge's mail; null if the challenge was purged. */
export const composeChallengeMail = async (
  call: Call,
  challengeId: string,
  needs: ComposeChallengeMailNeeds,
): Promise<MailContent | null> => {
  const challenge = await needs.heldChallenges.readForReader(call, challengeId)
  const act = challenge && mailedActOf(challenge)
  if (challenge === null || act === null) return null
  const locale = challenge.readerLocale ?? challenge.locale
  const lifetime = challenge.expiresAt.getTime() - challenge.createdAt.getTime()
  return {
    template: templateOf[act],
    locale,
    isTimely: !challenge.isSpent && !isExpired(challenge, call.now),
    timelyUntil: challenge.expiresAt,
    facts: {
      code: needs.heldSecrets.code(challengeId),
      link: `${needs.publicUrl}/confirm?token=${needs.heldSecrets.confirmationToken(challengeId)}`,
      device: deviceInWords(challenge.device && trustedDeviceNameOf(challenge.device), locale),
      address: challenge.sourceAddress,
      time: timeInWords(challenge.createdAt, locale),
      minutes: Math.round(lifetime / 60_000),
      service: new URL(needs.publicUrl).host,
      account: unlinked(challenge.accountName ?? ''),
      method: methodInWords(needs.vocabulary, challenge.firstFactor?.method ?? '', locale),
    },
  }
}
