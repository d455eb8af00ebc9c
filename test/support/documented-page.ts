// The pages that docs/graphql.md shows, as a reader saves them.
import { readFile } from 'node:fs/promises'

/** The address of Idem in the documents. */
const documentedIdem = 'http://localhost:4000'

/** The page with this title, which calls the Idem at `url`. */
export const documentedPage = async (title: string, url: string): Promise<string> => {
  const text = await readFile('docs/graphql.md', 'utf8')
  const pages = [...text.matchAll(/^```html\n([\s\S]*?)^```$/gm)].map(([, page = '']) => page)
  const found = pages.find((page) => page.includes(`<title>${title}</title>`))
  if (found === undefined) throw new Error(`docs/graphql.md has no page "${title}"`)
  return found.replaceAll(documentedIdem, url)
}
