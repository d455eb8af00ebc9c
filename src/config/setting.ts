// A setting: one environment variable with its meaning, unit, default and check.

/** What a setting's parser may use beside the raw value. */
export interface ParseContext {
  /** True with `NODE_ENV=production`, where unsafe values are problems. */
  readonly production: boolean
  /** The raw value of another variable, for a rule that involves two. */
  readonly other: (variable: string) => string | undefined
}

/** One environment variable. `parse` gets `undefined` when it is unset or empty, and throws `SettingProblem`. */
export interface Setting<T> {
  readonly variable: string
  /** One sentence for the table of docs/settings.md; the unit is part of it. */
  readonly meaning: string
  /** The default in words, as the table of docs/settings.md shows it. */
  readonly defaultText: string
  /** A secret may also be read from the file that `<variable>_FILE` names, and is never printed. */
  readonly secret: boolean
  parse(raw: string | undefined, context: ParseContext): T
}

/** A named group of settings that belong to one room. */
export type Section = Readonly<Record<string, Setting<unknown>>>

/** The parsed values of a section. */
export type ValuesOf<S extends Section> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never
}

/** What is wrong with a setting and what to do; all of them are reported at once. */
export class SettingProblem extends Error {
  override readonly name = 'SettingProblem'
}

/** A problem of one part of a URL. Its value is never told, because it may be a piece of a password. */
export const wrongPart = (part: string, what: string): SettingProblem =>
  new SettingProblem(`has a wrong ${part}: ${what}`)

/** A whole number between `least` and `most`. */
export const wholeNumber = (
  variable: string,
  meaning: string,
  bounds: {
    readonly default: number
    /** The default with `NODE_ENV=production`, where it is another one. */
    readonly inProduction?: number
    readonly least: number
    readonly most: number
  },
): Setting<number> => ({
  variable,
  meaning,
  defaultText:
    bounds.inProduction === undefined
      ? String(bounds.default)
      : `${bounds.default}; ${bounds.inProduction} in production`,
  secret: false,
  parse: (raw, { production }) => {
    if (raw === undefined) return production ? (bounds.inProduction ?? bounds.default) : bounds.default
    const value = Number(raw)
    if (!/^\d+$/.test(raw) || value < bounds.least || value > bounds.most)
      throw new SettingProblem(`must be a whole number from ${bounds.least} to ${bounds.most}, not "${raw}"`)
    return value
  },
})

/** One of a few words. */
export const oneOf = <const T extends string>(
  variable: string,
  meaning: string,
  words: { readonly default: T; readonly allowed: readonly T[] },
): Setting<T> => ({
  variable,
  meaning: `${meaning} (${words.allowed.join(', ')})`,
  defaultText: words.default,
  secret: false,
  parse: (raw) => {
    if (raw === undefined) return words.default
    const found = words.allowed.find((word) => word === raw)
    if (found === undefined)
      throw new SettingProblem(`must be one of ${words.allowed.join(', ')}, not "${raw}"`)
    return found
  },
})

/** A text of any form, with a check of its own. */
export const text = <T>(
  variable: string,
  meaning: string,
  options: {
    readonly defaultText: string
    readonly secret?: true
    readonly parse: (raw: string | undefined, context: ParseContext) => T
  },
): Setting<T> => ({
  variable,
  meaning,
  defaultText: options.defaultText,
  secret: options.secret === true,
  parse: options.parse,
})

/** A comma list; empty entries are dropped, spaces around entries too. */
export const commaList = (raw: string | undefined): string[] =>
  (raw ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
