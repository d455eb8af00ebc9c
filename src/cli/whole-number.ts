// Reads a number that was given as an option.

import { CliError } from './cli-error.js'

/** The whole number in a text, at least `least` and at most `most`. `USAGE` if it is none. */
export const wholeNumber = (
  text: string,
  { option, least, most }: { readonly option: string; readonly least: number; readonly most: number },
): number => {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  throw new CliError('USAGE', `${option} takes a whole number from ${least} to ${most}.`)
}
