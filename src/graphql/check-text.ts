// Refuses strings that cannot be stored or encoded, in a document and in its variables.
import { type ASTNode, GraphQLError, Kind, type ValidationRule } from 'graphql'
import { isStorable } from '../text/stored-text.js'

/** Names that may be in an error; other keys of variables may be any text and are not repeated. */
const nameForm = /^\w+$/

const problem = (name: string | undefined, nodes?: ASTNode): GraphQLError => {
  const where = name !== undefined && nameForm.test(name) ? `The text of "${name}"` : 'A text of the request'
  return new GraphQLError(
    `${where} must not contain a zero byte or half of a surrogate pair.`,
    nodes === undefined ? {} : { nodes },
  )
}

const nameOf = (nodes: readonly (ASTNode | readonly ASTNode[])[]): string | undefined => {
  const named = nodes.findLast((node) => 'kind' in node && 'name' in node)
  return named !== undefined && 'kind' in named && 'name' in named && named.name?.kind === Kind.NAME
    ? named.name.value
    : undefined
}

/** The validation rule for literals of a document. */
export const storableLiteralsRule: ValidationRule = (context) => ({
  StringValue(node, _key, parent, _path, ancestors) {
    if (isStorable(node.value)) return
    context.reportError(problem(nameOf(parent === undefined ? ancestors : [...ancestors, parent]), node))
  },
})

/** The first problem in the values of variables. Not recursive, because JSON can be nested very deeply. */
export const problemsOfVariables = (
  variables: Readonly<Record<string, unknown>> | undefined,
): readonly GraphQLError[] => {
  const open: (readonly [name: string | undefined, value: unknown])[] = Object.entries(variables ?? {})
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [name, value] = next
    if (typeof value === 'string') {
      if (!isStorable(value)) return [problem(name)]
    } else if (Array.isArray(value)) for (const each of value) open.push([name, each])
    else if (typeof value === 'object' && value !== null)
      for (const entry of Object.entries(value)) open.push(entry)
  }
  return []
}
