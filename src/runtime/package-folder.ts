// The folder of package.json, where the files lie that the compiler does not copy to `dist`.
import { findPackageJSON } from 'node:module'
import path from 'node:path'

/** Its path. */
export const packageFolder = (): string => {
  const manifest = findPackageJSON(import.meta.url)
  if (manifest === undefined) throw new Error('there is no package.json above the code')
  return path.dirname(manifest)
}
