// Reads all settings from the environment and reports every problem at once.

import { readFileSync } from 'node:fs'
import { OperatorProblem } from '../failure.js'
import { type ParseContext, type Section, type Setting, SettingProblem, type ValuesOf } from './setting.js'

/** All sections of the settings, by name. */
export type Sections = Readonly<Record<string, Section>>

/** The parsed values of all sections. */
export type AllValuesOf<S extends Sections> = { readonly [K in keyof S]: ValuesOf<S[K]> }

/** Every problem of an environment; its message has one line for each. */
export class EnvironmentProblems extends OperatorProblem {
  override readonly name = 'EnvironmentProblems'
  constructor(readonly problems: readonly string[]) {
    super(`The settings are not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** The raw value of a setting: the variable itself, or for a secret the content of the file that `…_FILE` names. */
const rawValue = (setting: Setting<unknown>, environment: Environment): string | undefined => {
  const direct = environment[setting.variable]
  const path = setting.secret ? environment[`${setting.variable}_FILE`] : undefined
  if (path === undefined || path === '') return direct === '' ? undefined : direct
  if (direct !== undefined && direct !== '')
    throw new SettingProblem(`is given twice, also as ${setting.variable}_FILE; keep one`)
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new SettingProblem(`cannot be read from the file ${path}: ${String(error)}`)
  }
}

/** Parses `sections` from `environment`. Throws `EnvironmentProblems` naming every variable that is wrong. */
export const readEnvironment = <S extends Sections>(
  sections: S,
  environment: Environment,
): AllValuesOf<S> => {
  const context: ParseContext = {
    production: environment['NODE_ENV'] === 'production',
    other: (variable) => environment[variable] || undefined,
  }
  const problems: string[] = []
  const read = (setting: Setting<unknown>): unknown => {
    try {
      return setting.parse(rawValue(setting, environment), context)
    } catch (error) {
      if (!(error instanceof SettingProblem)) throw error
      problems.push(`${setting.variable} ${error.message}`)
      return undefined
    }
  }
  const values = Object.fromEntries(
    Object.entries(sections).map(([name, section]) => [
      name,
      Object.fromEntries(Object.entries(section).map(([key, setting]) => [key, read(setting)])),
    ]),
  )
  if (problems.length > 0) throw new EnvironmentProblems(problems)
  // Each value was returned by the parser from which `ValuesOf` takes its type.
  return values as AllValuesOf<S>
}

/** Variables with our prefix that are no settings: most likely misspelt ones. */
export const unknownVariables = (
  sections: Sections,
  environment: Environment,
  others: readonly string[],
): string[] => {
  const known = new Set(
    Object.values(sections).flatMap((section) =>
      Object.values(section).flatMap(({ variable, secret }) =>
        secret ? [variable, `${variable}_FILE`] : [variable],
      ),
    ),
  )
  return Object.keys(environment).filter(
    (name) => name.startsWith('IDEM_') && !known.has(name) && !others.includes(name),
  )
}
