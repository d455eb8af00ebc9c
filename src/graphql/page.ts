// Pages of long lists as Relay's cursor connections; a cursor is the id of its entry.
import { ArgsType, Field, Int, ObjectType } from 'type-graphql'
import { Failure } from '../failure.js'
import { parseId } from './parse-id.js'

/** The default length of a page. */
export const usualPage = 20
/** The largest length of a page; an entry may be a kilobyte. */
export const longestPage = 100

/** A requested page. */
export interface Page {
  /** The largest number of entries. */
  readonly first: number
  /** The entries after the one with this id; null: from the beginning. */
  readonly after: string | null
}

/** The arguments of a list. */
@ArgsType()
export class PageArguments {
  @Field(() => Int, {
    nullable: true,
    description: `At most so many, up to ${longestPage}; ${usualPage} where it is not said.`,
  })
  first?: number | null

  @Field(() => String, {
    nullable: true,
    description: 'Only those after this cursor; from the beginning where it is not said.',
  })
  after?: string | null
}

/** The requested page; `BAD_USER_INPUT` for an invalid length or cursor. */
export const parsePage = ({ first, after }: PageArguments): Page => {
  const length = first ?? usualPage
  if (length < 1 || length > longestPage)
    throw new Failure('BAD_USER_INPUT', `A page has from 1 to ${longestPage} entries.`, { field: 'first' })
  return { first: length, after: after == null ? null : parseId(after, 'after') }
}

/** The end of a page in the schema. */
@ObjectType('PageInfo', { description: 'Where a page ends.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'True when there is a page after it.' })
  hasNextPage!: boolean

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of its last entry; null when it has none.',
  })
  endCursor!: string | null
}

/** One entry of a page. */
export interface Edge<T> {
  readonly cursor: string
  readonly node: T
}

/** A page as a connection. */
export interface Connection<T> {
  readonly edges: readonly Edge<T>[]
  readonly pageInfo: PageInfo
}

/** The connection of a page. */
export const connectionOf = <T extends { readonly id: string }>(page: {
  readonly nodes: readonly T[]
  readonly hasNextPage: boolean
}): Connection<T> => ({
  edges: page.nodes.map((node) => ({ cursor: node.id, node })),
  pageInfo: { hasNextPage: page.hasNextPage, endCursor: page.nodes.at(-1)?.id ?? null },
})
