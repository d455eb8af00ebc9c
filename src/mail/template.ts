// A mail template: its name, its facts, and the check of templates that operators write.
import mustache from 'mustache'

/** The facts of each template; each fact is one line. */
export const templateFacts = {
  'sign-in-code': ['code', 'link', 'device', 'address', 'time', 'minutes', 'service'],
  'link-code': ['code', 'link', 'device', 'address', 'time', 'minutes', 'service', 'account'],
  'step-up-code': ['code', 'link', 'device', 'address', 'time', 'minutes', 'service', 'account'],
  'reset-code': ['code', 'link', 'device', 'address', 'time', 'minutes', 'service'],
  'second-factor-code': [
    'code',
    'link',
    'device',
    'address',
    'time',
    'minutes',
    'service',
    'account',
    'method',
  ],
  'new-sign-in': ['account', 'device', 'address', 'time', 'method'],
  'identity-linked': ['account', 'what', 'device', 'address', 'time'],
  'identity-unlinked': ['account', 'what', 'device', 'address', 'time'],
  'device-registered': ['account', 'key', 'device', 'address', 'time'],
  'device-removed': ['account', 'key', 'device', 'address', 'time'],
  'password-set': ['account', 'device', 'address', 'time'],
  'password-changed': ['account', 'device', 'address', 'time'],
  'password-reset-begun': ['account', 'available', 'link', 'device', 'address', 'time'],
  'password-reset-cancelled': ['account', 'device', 'address', 'time'],
  'password-reset-done': ['account', 'device', 'address', 'time'],
  'second-factor-added': ['account', 'method', 'device', 'address', 'time'],
  'second-factor-removed': ['account', 'method', 'device', 'address', 'time'],
  'recovery-codes-created': ['account', 'device', 'address', 'time'],
  'recovery-code-used': ['account', 'left', 'device', 'address', 'time'],
  'account-suspended': ['account', 'time'],
  'account-reinstated': ['account', 'time'],
  'account-merged': ['account', 'device', 'address', 'time'],
  'account-unmerged': ['account', 'device', 'address', 'time'],
  'account-deletion-begun': ['account', 'due', 'device', 'address', 'time'],
  'account-deletion-cancelled': ['account', 'device', 'address', 'time'],
  'account-deleted': ['account', 'time'],
  'webhook-disabled': ['endpoint', 'reason', 'time'],
} as const

/** The name of a template. */
export type TemplateName = keyof typeof templateFacts

/** All names; the table above has no other keys. */
export const templateNames = Object.keys(templateFacts) as TemplateName[]

/** The page around the content of every HTML mail, the same for all languages. */
export const frameFile = 'frame.html'
const frameFacts = ['locale', 'subject', 'content']

/** `Subject: …`, an empty line, the text. */
export const textForm = /^Subject: (?<subject>[^\n]*\S[^\n]*)\n\n(?<text>.*\S.*)$/s

/** A tag of a template as mustache parses it: type, name, and the content of a section. */
type Tag = readonly [type: string, name: string, start: number, end: number, inner?: readonly Tag[]]

/** Unescaped tags are refused because a fact could insert HTML; mails need no partials and no other delimiters. */
const findWrongTag = (tags: readonly Tag[], isKnown: (tag: Tag) => boolean): string | null => {
  for (const tag of tags) {
    const [type, name, , , inner] = tag
    if (type !== 'text' && type !== '!' && !isKnown(tag)) return name
    const wrong = type === '#' || type === '^' ? findWrongTag(inner ?? [], isKnown) : null
    if (wrong !== null) return wrong
  }
  return null
}

/** The problem of the template in `file` (`en/sign-in-code.txt`), as the end of a sentence; null if there is none. */
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
