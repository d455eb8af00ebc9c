// Json: the values of jsonb columns and of sealed values.

/** A value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

/** An object of such values. */
export interface JsonObject {
  readonly [key: string]: Json
}
