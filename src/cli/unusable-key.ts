// The errors for private keys that cannot be used: what was given, and the command that helps. They do not suggest a
// new key to somebody who has one, because a new key would open another account.

import { CliError } from './cli-error.js'
import { shellWord } from './shell-word.js'

/** The source of a key. */
export interface KeySource {
  /** As the subject of a sentence, such as "The file ada.pem". */
  readonly what: string
  /** The file to name in commands; null if there is none. */
  readonly file: string | null
}

/** The source of a key in a file. */
export const fileSource = (file: string): KeySource => ({ what: `The file ${file}`, file })

/** A source that has no file. */
export const sourceWithoutFile = (what: string): KeySource => ({ what, file: null })

/** Only in messages for people who may have no key yet. */
export const firstKeyHint = 'Only who has no account yet makes a key: idem keygen --out FILE'

/** The failures, by what was recognised. */
export const keyFailure = {
  encrypted: (source: KeySource, tool: 'openssl' | 'ssh-keygen'): CliError =>
    new CliError(
      'KEY_ENCRYPTED',
      `${source.what} is encrypted, and idem asks for no passphrase.`,
      tool === 'openssl'
        ? `Decrypt a copy: openssl pkey -in ${given(source)} -out ${made(source, '.plain')}`
        : `Decrypt a copy: cp ${given(source)} ${made(source, '.plain')} && ssh-keygen -p -N "" -f ${made(source, '.plain')}`,
    ),
  putty: (source: KeySource, algorithm: string): CliError =>
    algorithm === 'ssh-ed25519'
      ? unreadable(
          `${source.what} is a key of PuTTY, in a format that idem does not read`,
          `Convert a copy: puttygen ${given(source)} -O private-openssh -o ${made(source, '.openssh')}`,
        )
      : unreadable(`${source.what} is a key of PuTTY for another algorithm than Ed25519`, otherKey),
  binary: (source: KeySource): CliError =>
    unreadable(
      `${source.what} is binary: perhaps DER or PKCS#12`,
      `Convert a copy: openssl pkey -inform DER -in ${given(source)} -out ${made(source, '.pem')}; ` +
        `for PKCS#12: openssl pkcs12 -nodes -nocerts -in ${given(source)} -out ${made(source, '.pem')}`,
    ),
  publicHalf: (source: KeySource): CliError =>
    unreadable(`${source.what} holds a public key`, privateHalf(source)),
  certificate: (source: KeySource): CliError =>
    unreadable(`${source.what} holds a certificate`, privateHalf(source)),
  /** `because` is a sentence that says what the text is. */
  named: (source: KeySource, because: string): CliError =>
    unreadable(`${source.what} holds no private key. ${because.replace(/\.$/, '')}`, privateHalf(source)),
  otherAlgorithm: (source: KeySource, algorithm: string): CliError =>
    unreadable(`${source.what} holds a key for ${algorithm}, not Ed25519`, otherKey),
  securityKey: (source: KeySource): CliError =>
    unreadable(
      `${source.what} only names a key that is inside a security key, whose signatures have a form of their own`,
      otherKey,
    ),
  severalKeys: (source: KeySource): CliError =>
    unreadable(
      `${source.what} holds several private keys`,
      'Leave the one that is meant in a file of its own.',
    ),
  halvesDiffer: (source: KeySource): CliError =>
    unreadable(`${source.what} is damaged: its public half does not belong to its private half`, restore),
  damaged: (source: KeySource, format: string): CliError =>
    unreadable(`${source.what} is damaged: ${format} that is cut off or changed`, restore),
  noPrivateKey: (source: KeySource): CliError =>
    unreadable(
      `${source.what} holds no private key`,
      'Read are PKCS#8 PEM, the format of OpenSSH, and the 32 bytes in base64 or hex.',
    ),
} as const

const otherKey = `Give the Ed25519 key that opens your account. ${firstKeyHint}`
const restore = 'Give an undamaged copy of it.'

const unreadable = (what: string, next: string): CliError => new CliError('KEY_UNREADABLE', `${what}.`, next)

const given = ({ file }: KeySource): string => (file === null ? 'FILE' : shellWord(file))
const made = ({ file }: KeySource, ending: string): string => shellWord(`${file ?? 'FILE'}${ending}`)

/** `ssh-keygen` names its files `id`, `id.pub` and `id-cert.pub`. */
const privateHalf = ({ file }: KeySource): string => {
  const own = file?.replace(/(?:-cert)?\.(?:pub|crt|cer)$/, '') ?? null
  return own === null || own === file
    ? 'Give the private half: it stays on the machine where the pair was made, often in the file without .pub.'
    : `Give the private half: --private-key ${shellWord(own)}`
}
