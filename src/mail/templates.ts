// The templates of all mails, read once at the start: ours, replaced by those of the operator.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import mustache from 'mustache'
import { OperatorProblem } from '../failure.js'
import { packageFolder } from '../runtime/package-folder.js'
import { type Locale, locales } from './locale.js'
import {
  frameFile,
  problemOfTemplate,
  type TemplateName,
  templateFacts,
  templateNames,
  textForm,
} from './template.js'

export type { TemplateName } from './template.js'

/** The path of every template, relative to the folder. */
const files = [
  frameFile,
  ...locales.flatMap((locale) =>
    templateNames.flatMap((name) => [`${locale}/${name}.txt`, `${locale}/${name}.html`]),
  ),
]

/** The folder of our templates. The compiler does not copy them to `dist`. */
const ourFolder = (): string => path.join(packageFolder(), 'src/mail/templates')

/** Removes a byte-order mark and normalises line ends. */
const readTemplate = async (folder: string, file: string): Promise<string> =>
  (await readFile(path.join(folder, file), 'utf8')).replace(/^\ufeff/, '').replaceAll('\r\n', '\n')

const problem = (folder: string, sentence: string): OperatorProblem =>
  new OperatorProblem(`The mail templates of IDEM_MAIL_TEMPLATES (${folder}): ${sentence}.`)

/** The templates in the operator's folder, without names that begin with a dot, such as a volume's `..data`. */
const readOwn = async (folder: string): Promise<ReadonlyMap<string, string>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw problem(folder, `the folder cannot be read (${String(error)})`)
  })
  const found = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .filter((file) => !/(?:^|\/)\./.test(file))
  const own = new Map<string, string>()
  for (const file of found) {
    if (!files.includes(file))
      throw problem(folder, `${file} is not the name of a template; there are ${files.join(', ')}`)
    const template = await readTemplate(folder, file).catch((error: unknown) => {
      throw problem(folder, `${file} cannot be read (${String(error)})`)
    })
    const wrong = problemOfTemplate(file, template)
    if (wrong !== null) throw problem(folder, `${file} ${wrong}`)
    own.set(file, template)
  }
  return own
}

/** Removes line breaks from a fact, so that it cannot add a header or a line that looks like ours. */
const onOneLine = (fact: unknown): string =>
  String(fact)
    .replace(/[\p{Control}\p{Bidi_Control}\p{Line_Separator}\p{Paragraph_Separator}]+/gu, ' ')
    .trim()

/** Plain text needs no escaping. */
const asPlainText = { escape: (fact: string): string => fact }

/** The texts of a mail. */
export interface RenderedMail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** All parsed templates. */
export class MailTemplates {
  private constructor(private readonly templates: ReadonlyMap<string, string>) {}

  /** Reads ours and those of the operator's folder. Throws `OperatorProblem` with the name of a wrong file. */
  static async load(ownFolder: string | null): Promise<MailTemplates> {
    const folder = ourFolder()
    const own = ownFolder === null ? new Map<string, string>() : await readOwn(ownFolder)
    const templates = await Promise.all(
      files.map(async (file) => [file, own.get(file) ?? (await readTemplate(folder, file))] as const),
    )
    return new MailTemplates(new Map(templates))
  }

  /** Renders a mail. Throws if a fact of `templateFacts` is missing, which is a bug; others are ignored. */
  render(name: TemplateName, locale: Locale, facts: Readonly<Record<string, unknown>>): RenderedMail {
    const view: Record<string, string> = {}
    for (const fact of templateFacts[name]) {
      if (facts[fact] === undefined || facts[fact] === null) throw new Error(`${name} lacks the fact ${fact}`)
      view[fact] = onOneLine(facts[fact])
    }
    const plain = textForm.exec(this.#template(`${locale}/${name}.txt`))?.groups ?? {}
    const subject = mustache.render(plain['subject'] ?? '', view, undefined, asPlainText)
    const text = mustache.render(plain['text'] ?? '', view, undefined, asPlainText)
    const content = mustache.render(this.#template(`${locale}/${name}.html`), view)
    const html = mustache.render(this.#template(frameFile), { locale, subject, content: content.trim() })
    return { subject, text, html }
  }

  #template(file: string): string {
    const template = this.templates.get(file)
    if (template === undefined) throw new Error(`there is no template ${file}`)
    return template
  }
}
