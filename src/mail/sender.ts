// The sender: the name and address that mails come from.

/** Who a mail is from. */
export interface Sender {
  /** Shown to the reader. */
  readonly name: string
  /** One ASCII address. */
  readonly address: string
}

/** `Name <local@domain>` or the address alone. The name in quotes or without; nothing in it that ends a header. */
const form = /^(?:"?(?<name>[^"<>@,;\\\p{Cc}]*?)"?\s*<(?<inAngles>[^<>]+)>|(?<bare>[^<>]+))$/u

/** Stricter than the standard: an operator's own address has no need of quotes. */
const address = /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i

/** The sender that a text names; null for a text of another form. */
export const parseSender = (raw: string): Sender | null => {
  const { name = '', inAngles, bare } = form.exec(raw.trim())?.groups ?? {}
  const found = (inAngles ?? bare ?? '').trim()
  return address.test(found) ? { name: name.trim(), address: found } : null
}

/** The sender where none is set: nobody reads what is answered to it. `publicUrl` is an origin. */
export const defaultSender = (publicUrl: string): Sender => ({
  name: 'Idem',
  address: `no-reply@${new URL(publicUrl).hostname}`,
})
