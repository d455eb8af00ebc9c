// A handle: the globally unique public name that an account picks. Once used, it is never given to another account.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Failure } from '../failure.js'
import { Account } from './account.js'
import { hasDeceptiveMark, keepsToOneAlphabet, skeletonOf } from './look-alikes.js'

const HandleSchema = defineEntity({
  name: 'Handle',
  tableName: 'handle',
  indexes: [{ name: 'handle_unsettled', properties: ['takenAt'], where: 'kept_since is null' }],
  properties: {
    /** In canonical form. */
    name: p.text().primary(),
    account: () => p.manyToOne(Account).mapToPk().index('handle_account'),
    /** When the account first took it. */
    takenAt: p.datetime(),
    /** When its account took another one; null while it is in use. */
    givenUpAt: p.datetime().strictNullable(),
    /**
     * When it was decided that it belongs to its account for ever; null while it may still become free (`handles.ts`).
     */
    keptSince: p.datetime().strictNullable(),
  },
})

/** A handle and the account to which it belongs, in use or released. */
export class Handle extends HandleSchema.class {}
HandleSchema.setClass(Handle)

/** Length of a handle in characters: shorter ones are too few, longer ones do not fit into a line. */
const shortest = 3
const longest = 64

/**
 * Letters and digits with their marks, without letters that belong to no script, which look like punctuation. The
 * ideographic zero counts as a digit.
 */
const letterOrDigit = '[[\\p{Letter}--\\p{Script_Extensions=Common}]\\p{Decimal_Number}\\u3007]'
const part = `${letterOrDigit}(?:${letterOrDigit}|[\\p{Nonspacing_Mark}\\p{Spacing_Mark}])*`

/** Parts separated by single dots, hyphens or underscores. */
const form = new RegExp(`^${part}(?:[._\\-]${part})*$`, 'v')

/** Invisible characters, so that two names cannot differ only in them (UTS 39). */
const invisible = /\p{Default_Ignorable_Code_Point}/u

/** Skeletons of reserved names, which could be mistaken for the service itself or for a route of a front end. */
const reserved = new Set(
  `about abuse account accounts admin administrator anonymous api auth billing callback confirm console contact
  everyone graphql guest healthz help hostmaster idem info login logout mailbox me metrics null oauth operator owner
  postmaster readyz register root sales security session settings signin signout signup status support system team
  undefined user webmaster well-known`
    .split(/\s+/)
    .map(skeletonOf),
)

/** The canonical form of a handle: NFKC, case folded. Throws `BAD_USER_INPUT` with what is wrong with it. */
export const parseHandle = (raw: string, field = 'handle'): string => {
  const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field })
  // Refuses longer inputs before further work.
  if (raw.length > longest * 4) throw refuse(`A handle has at most ${longest} characters.`)
  // Also through upper case, because lower-casing alone does not unify ẞ, ß and ss, or the Greek sigmas.
  const name = raw.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')
  const length = [...name].length
  if (length < shortest || length > longest)
    throw refuse(`A handle has ${shortest} to ${longest} characters.`)
  if (!form.test(name) || invisible.test(name) || hasDeceptiveMark(name))
    throw refuse(
      'A handle is made of letters and digits, with single dots, hyphens or underscores between them.',
    )
  if (!keepsToOneAlphabet(name)) throw refuse('A handle keeps to one alphabet.')
  if (reserved.has(skeletonOf(name))) throw refuse('This handle is reserved. Pick another one.')
  return name
}
