// Compares handles as the server does.

/** The server's canonical spelling of a handle: NFKC, case folded through both cases. */
const fold = (handle: string): string =>
  handle.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')

/** Whether two handles are spellings of one; null, which stands for none, equals only itself. */
export const isSameHandle = (one: string | null, other: string | null): boolean =>
  one === null || other === null ? one === other : fold(one) === fold(other)
