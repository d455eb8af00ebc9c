// The list of common passwords, which ships with the service and is read when the first password is set.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { packageFolder } from '../runtime/package-folder.js'

/**
 * 17,945 passwords of at least 8 characters, folded and sorted, one a line: those of `@zxcvbn-ts/language-common` 4.1.3
 * (MIT, `common-passwords.LICENSE`), which come from leaks. The compiler does not copy it to `dist`.
 */
const file = 'src/passwords/common-passwords.txt'

/** The common passwords. */
export class CommonPasswords {
  /** One text with a line end on both sides of each password: a set would need ten times its memory. */
  #lines: Promise<string> | null = null

  /** True if the list has the password, in folded form (`foldPassword`). */
  async has(folded: string): Promise<boolean> {
    this.#lines ??= readFile(path.join(packageFolder(), file), 'utf8').then((text) => `\n${text}`)
    try {
      return (await this.#lines).includes(`\n${folded}\n`)
    } catch (error) {
      // Read again at the next try.
      this.#lines = null
      throw error
    }
  }
}
