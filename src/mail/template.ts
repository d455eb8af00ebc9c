// A mail template: its name, the facts that it tells, and what is wrong with one that an operator wrote.
import mustache from 'mustache'

/** The facts that each template tells, all of them on one line each. */
export const templateFacts = {
  'sign-in-code': ['code', 'link', 'device', 'address', 'time', 'minutes', 'service'],
  'link-code': ['code', 'link', 'device', 'address', 'time', 'minutes', 'service', 'account'],
  'step-up-code': ['code', 'link', 'device', 'address', 'time', 'minutes', 'service', 'account'],
  'new-sign-in': ['account', 'device', 'address', 'time', 'method'],
  'identity-linked': ['account', 'what', 'device', 'address', 'time'],
  'identity-unlinked': ['account', 'what', 'device', 'address', 'time'],
  'account-suspended': ['account', 'time'],
  'account-reinstated': ['account', 'time'],
} as const

/** The name of a template. */
export type TemplateName = keyof typeof templateFacts

/** All of them. The table above has no other keys. */
export const templateNames = Object.keys(templateFacts) as TemplateName[]

/** The page around the content of every HTML mail, whatever its language. */
export const frameFile = 'frame.html'
const frameFacts = ['locale', 'subject', 'content']

/** `Subject: …`, an empty line, the text. */
export const textForm = /^Subject: (?<subject>[^\n]*\S[^\n]*)\n\n(?<text>.*\S.*)$/s

/** A tag of a template as mustache parses it: its type, what it names, and for a section what is inside it. */
type Tag = readonly [type: string, name: string, start: number, end: number, inner?: readonly Tag[]]

/** Raw tags would let a fact write HTML; partials and other delimiters are nothing that a mail needs. */
const findWrongTag = (tags: readonly Tag[], isKnown: (tag: Tag) => boolean): string | null => {
  for (const tag of tags) {
    const [type, name, , , inner] = tag
    if (type !== 'text' && type !== '!' && !isKnown(tag)) return name
    const wrong = type === '#' || type === '^' ? findWrongTag(inner ?? [], isKnown) : null
    if (wrong !== null) return wrong
  }
  return null
}

/** What is wrong with the template in `file` (`en/sign-in-code.txt`), as the end of a sentence; null when nothing is. */
export const problemOfTemplate = (file: string, template: string): string | null => {
  const name = templateNames.find((known) => new RegExp(`^\\w+/${known}\\.(?:txt|html)$`).test(file))
  const facts: readonly string[] = name === undefined ? frameFacts : templateFacts[name]
  const isKnown = ([type, fact]: Tag): boolean =>
    facts.includes(fact) &&
    (['name', '#', '^'].includes(type) || (file === frameFile && type === '&' && fact === 'content'))
  if (file.endsWith('.txt') && !textForm.test(template))
    return 'must begin with a line "Subject: …", an empty line, and then the text'
  try {
    const wrong = findWrongTag(mustache.parse(template) as Tag[], isKnown)
    if (wrong !== null) return `has a tag for "${wrong}"; there are {{${facts.join('}}, {{')}}}, escaped`
    return file === frameFile && !template.includes('{{{content}}}') ? 'must hold {{{content}}}' : null
  } catch (error) {
    return `cannot be parsed: ${error instanceof Error ? error.message : String(error)}`
  }
}
