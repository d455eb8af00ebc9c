// Bounds of CBOR (RFC 8949), checked before it is decoded: authenticators send few items, flat and of definite length.

/** CTAP2 nests at most four levels; the certificates of an attestation are two below its map. */
const deepest = 8
/** A map with an attestation and its certificates has about twenty. */
const mostItems = 256

/** Length of the argument in bytes by the five low bits of a head; below 24 the bits are the argument. */
const argumentLengths: Readonly<Record<number, number>> = { 24: 1, 25: 2, 26: 4, 27: 8 }

interface Head {
  readonly major: number
  readonly argument: number
  readonly end: number
}

const readHead = (bytes: Buffer, start: number): Head | null => {
  const first = bytes[start]
  if (first === undefined) return null
  const [major, low] = [first >> 5, first & 0x1f]
  if (low < 24) return { major, argument: low, end: start + 1 }
  const length = argumentLengths[low]
  const end = start + 1 + (length ?? 0)
  if (length === undefined || end > bytes.length) return null
  const argument =
    length === 8 ? Number(bytes.readBigUInt64BE(start + 1)) : bytes.readUIntBE(start + 1, length)
  return { major, argument, end }
}

/** The number of items that a head contains; null for what authenticators do not send: tags, floats, other simple values. */
const childrenOf = ({ major, argument }: Head): number | null => {
  if (major < 4) return 0
  if (major === 4) return argument
  if (major === 5) return argument * 2
  // false, true and null
  return major === 7 && argument >= 20 && argument <= 22 ? 0 : null
}

/**
 * The end of the item at `start`, perhaps after that of the bytes; null if it is malformed, too deep or of too many
 * items. Not recursive, and takes time for at most `mostItems` items.
 */
const endOfItem = (bytes: Buffer, start: number): number | null => {
  /** The number of items that are still to come, by level. */
  const open = [1]
  let position = start
  for (let items = 0; open.length > 0; ) {
    const left = open.pop() ?? 0
    if (left === 0) continue
    const head = readHead(bytes, position)
    const children = head === null ? null : childrenOf(head)
    if (head === null || children === null) return null
    items += 1
    open.push(left - 1, children)
    position = head.end + (head.major === 2 || head.major === 3 ? head.argument : 0)
    if (items > mostItems || open.length > deepest) return null
  }
  return position
}

/** True if the bytes from `start` on are exactly `count` items within the bounds. */
export const areItems = (bytes: Buffer, start: number, count: number): boolean => {
  let position: number | null = start
  for (let index = 0; index < count && position !== null; index += 1) position = endOfItem(bytes, position)
  return position === bytes.length
}
