// Reads a field of a query or form.

/** A text field of a query or form; null if it is absent, empty or given twice. */
export const fieldOf = (fields: unknown, name: string): string | null => {
  const value: unknown =
    typeof fields === 'object' && fields !== null && Object.hasOwn(fields, name)
      ? Reflect.get(fields, name)
      : null
  return typeof value === 'string' && value !== '' ? value : null
}
