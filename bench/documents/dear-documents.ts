// Documents that are dear to check: each grows one thing that a limit bounds, as far as the limit lets it.

/** A document, and what makes it dear. */
export interface DearDocument {
  readonly what: string
  readonly query: string
}

const times = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ')

const chain = (length: number, write: (index: number, next: string) => string): string =>
  times(length, (index) => write(index, index < length - 1 ? `...F${index + 1}` : 'id'))

/** What an attacker would send, at the limits and beyond them. */
export const dearDocuments: readonly DearDocument[] = [
  { what: 'a field after the other that does not exist', query: `{ ${times(990, (index) => `f${index}`)} }` },
  {
    what: 'long names that do not exist, beside long ones that do',
    query: `{ ${times(990, (index) => `identitiesSessionsEmails${index}`)} }`,
  },
  { what: 'one field over and over', query: `{ ${times(245, () => 'me{id}')} }` },
  { what: 'one field as often as may be', query: `{ ${times(25, () => 'me{id}')} }` },
  {
    what: 'one field with arguments as often as may be',
    query: `{ ${times(50, () => `handleAvailable(handle:[${times(12, () => '1')}])`)} }`,
  },
  {
    what: 'the same below one another, as often as may be',
    query: `{ ${times(7, () => `me{${times(6, () => 'id handle kind locale')}}`)} }`,
  },
  {
    what: 'as many fragments as may be, each with fields of its own',
    query: `{ me { ${times(39, (index) => `...F${index}`)} } } ${times(39, (index) => `fragment F${index} on Account { ${times(8, (field) => `f${index}x${field}`)} }`)}`,
  },
  {
    what: 'fragments that lead to one another, from as many operations as may be',
    query: `${times(20, (index) => `query Q${index} { me { ...F0 } }`)} ${chain(19, (index, next) => `fragment F${index} on Account { a${index} b${index} c${index} ${next} }`)}`,
  },
  {
    what: 'fragments that multiply',
    query: `{ me { ...F0 } } ${chain(30, (index, next) => `fragment F${index} on Account { a { ${next} } b { ${next} } }`)}`,
  },
  { what: 'a list of numbers', query: `{ handleAvailable(handle: [${times(980, () => '1')}]) }` },
  { what: 'one directive after the other', query: `{ me ${times(140, () => '@include(if:true)')} { id } }` },
  {
    what: 'variables of types that do not exist',
    query: `query (${times(195, (index) => `$v${index}: Accounts${index}`)}) { me { id } }`,
  },
  { what: 'a fragment in a fragment', query: `${'{ ... '.repeat(300)}{ me { id } }${' }'.repeat(300)}` },
  { what: 'comments alone', query: `{ me { id } }${'#\n'.repeat(30_000)}` },
  {
    what: 'the schema by every way into it',
    query: `{ ${times(14, (index) => `a${index}: __type(name: "Query") { fields { name args { name type { name ofType { name } } } type { name } } }`)} }`,
  },
]
