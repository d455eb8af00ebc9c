// Reads an unencrypted Ed25519 key in OpenSSH's own file format (OpenSSH PROTOCOL.key), strictly.

/** The content of an OpenSSH key file; every field was validated. */
export type OpensshPrivateKey =
  | { readonly kind: 'ed25519'; readonly seed: Buffer; readonly publicKey: Buffer }
  | { readonly kind: 'encrypted' }
  | { readonly kind: 'other-algorithm'; readonly algorithm: string }
  | { readonly kind: 'malformed' }

const magic = Buffer.from('openssh-key-v1\0', 'latin1')

/** The key in the bytes between the lines BEGIN and END. Does not throw; each failure is a kind of result. */
export const parseOpensshPrivateKey = (bytes: Buffer): OpensshPrivateKey => {
  if (!bytes.subarray(0, magic.length).equals(magic)) return malformed
  try {
    return readContainer(new SshReader(bytes.subarray(magic.length)))
  } catch (error) {
    if (error instanceof TooShort) return malformed
    throw error
  }
}

const malformed: OpensshPrivateKey = { kind: 'malformed' }

/** The public part is never encrypted, so the algorithm is known before a passphrase is. */
const readContainer = (reader: SshReader): OpensshPrivateKey => {
  const cipher = reader.readString().toString('latin1')
  const keyDerivation = reader.readString().toString('latin1')
  const keyDerivationOptions = reader.readString()
  const keyCount = reader.readNumber()
  const publicPart = new SshReader(reader.readString())
  const privatePart = new SshReader(reader.readString())
  const algorithm = publicPart.readString().toString('latin1')
  if (algorithm !== 'ssh-ed25519') return { kind: 'other-algorithm', algorithm }
  if (cipher !== 'none' || keyDerivation !== 'none') return { kind: 'encrypted' }
  if (keyDerivationOptions.length > 0 || keyCount !== 1 || !reader.isAtEnd()) return malformed
  const publicKey = publicPart.readString()
  return publicKey.length === 32 && publicPart.isAtEnd() ? readPrivatePart(privatePart, publicKey) : malformed
}

const readPrivatePart = (reader: SshReader, publicKey: Buffer): OpensshPrivateKey => {
  const check = reader.readNumber()
  const checkAgain = reader.readNumber()
  const algorithm = reader.readString().toString('latin1')
  const publicAgain = reader.readString()
  const seedAndPublic = reader.readString()
  reader.readString() // the comment
  const isWhole =
    check === checkAgain &&
    algorithm === 'ssh-ed25519' &&
    publicAgain.equals(publicKey) &&
    seedAndPublic.length === 64 &&
    seedAndPublic.subarray(32).equals(publicKey) &&
    isPadding(reader.readRest())
  return isWhole ? { kind: 'ed25519', seed: seedAndPublic.subarray(0, 32), publicKey } : malformed
}

/** The padding is 1, 2, 3, … up to the cipher's block size, which is 8 without a cipher. */
const isPadding = (bytes: Buffer): boolean =>
  bytes.length < 8 && bytes.every((byte, position) => byte === position + 1)

class TooShort extends Error {}

/** Reads SSH data types (RFC 4251 section 5) one after the other. */
class SshReader {
  #rest: Buffer

  constructor(bytes: Buffer) {
    this.#rest = bytes
  }

  readNumber(): number {
    return this.#take(4).readUInt32BE(0)
  }

  readString(): Buffer {
    return this.#take(this.readNumber())
  }

  readRest(): Buffer {
    return this.#take(this.#rest.length)
  }

  isAtEnd(): boolean {
    return this.#rest.length === 0
  }

  #take(length: number): Buffer {
    if (this.#rest.length < length) throw new TooShort()
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }
}
