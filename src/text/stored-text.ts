// Checks that PostgreSQL can store a text and UTF-8 can encode it.

/**
 * True for text without a zero byte, which PostgreSQL refuses (its manual, 8.3), and without half of a surrogate pair,
 * for which an encoder writes U+FFFD (WHATWG Encoding 9.1): what came back would not be what was sent.
 */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')
