// Parses ignore files: .dockerignore, and the part of .gitignore's syntax that ours uses.

const patternOf = (text) => {
  const source = text
    .replace(/^\/|\/$/g, '')
    .replace(/[.+^$()|{}\\]/g, '\\$&')
    .replace(/\*\*\/?|\*|\?/g, (sign) => (sign.startsWith('**') ? '.*' : sign === '*' ? '[^/]*' : '[^/]'))
  return new RegExp(`^${source}(?:/.*)?$`)
}

/** A function that says whether the file ignores a path: the last matching rule decides, and `!` includes it again. */
export const ignoreRules = (text) => {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ ignores: !line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }))
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.ignores === true
}
