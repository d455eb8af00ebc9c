// The sender of mails: a name and an address.

/** The sender of a mail. */
export interface Sender {
  /** Shown to the reader. */
  readonly name: string
  /** One ASCII address. */
  readonly address: string
}

/** `Name <local@domain>` or only the address. The name may be quoted, and contains nothing that ends a header. */
const form = /^(?:"?(?<name>[^"<>@,;\\\p{Cc}]*?)"?\s*<(?<inAngles>[^<>]+)>|(?<bare>[^<>]+))$/u

/** Stricter than the standard, because an operator's address needs no quotes. */
const address = /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i

/** The sender in a text; null for a text of another form. */
export const parseSender = (raw: string): Sender | null => {
  const { name = '', inAngles, bare } = form.exec(raw.trim())?.groups ?? {}
  const found = (inAngles ?? bare ?? '').trim()
  return address.test(found) ? { name: name.trim(), address: found } : null
}

/** The default sender, a no-reply address at the host of `publicUrl`, which is an origin. */
export const defaultSender = (publicUrl: string): Sender => ({
  name: 'Idem',
  address: `no-reply@${new URL(publicUrl).hostname}`,
})
