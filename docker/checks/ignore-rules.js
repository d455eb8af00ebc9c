// Ignore files (.dockerignore, and .gitignore as far as ours goes): which paths they leave out.

const patternOf = (text) => {
  const source = text
    .replace(/^\/|\/$/g, '')
    .replace(/[.+^$()|{}\\]/g, '\\$&')
    .replace(/\*\*\/?|\*|\?/g, (sign) => (sign.startsWith('**') ? '.*' : sign === '*' ? '[^/]*' : '[^/]'))
  return new RegExp(`^${source}(?:/.*)?$`)
}

/** A function that says whether the file leaves a path out: the last rule that fits decides, `!` takes back in. */
export const ignoreRules = (text) => {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ ignores: !line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }))
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.ignores === true
}
