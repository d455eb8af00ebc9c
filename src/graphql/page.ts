// Pages of long lists, as Relay's cursor connections have them: a cursor is the id of the thing that it points at.
import { ArgsType, Field, Int, ObjectType } from 'type-graphql'
import { Failure } from '../failure.js'
import { parseId } from './parse-id.js'

/** Things on a page where nobody says how many. */
export const usualPage = 20
/** Things on a page at most: each may cost the database a kilobyte. */
export const longestPage = 100

/** Which page is asked for. */
export interface Page {
  /** At most so many things. */
  readonly first: number
  /** Those after the one with this id; from the beginning where it is null. */
  readonly after: string | null
}

/** What a list takes. */
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

/** The page that arguments ask for; `BAD_USER_INPUT` for a length that is none, or a cursor that we never gave. */
export const parsePage = ({ first, after }: PageArguments): Page => {
  const length = first ?? usualPage
  if (length < 1 || length > longestPage)
    throw new Failure('BAD_USER_INPUT', `A page has from 1 to ${longestPage} entries.`, { field: 'first' })
  return { first: length, after: after == null ? null : parseId(after, 'after') }
}

/** Where a page ends, as the schema shows it. */
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
