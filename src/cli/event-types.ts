// Reads a comma list of types of events.

/** The types in the list; null for none, which means all of them. The server knows which exist. */
export const eventTypesIn = (list = ''): string[] | null => {
  const types = list
    .split(',')
    .map((type) => type.trim())
    .filter((type) => type !== '')
  return types.length === 0 ? null : types
}
