// Refuses strings that cannot be stored or sent on as they are, wherever they stand: in a document or in its variables.
import { type ASTNode, GraphQLError, Kind, type ValidationRule } from 'graphql'
import { isStorable } from '../text/stored-text.js'

/** Only a name of GraphQL's form is repeated: an unknown key of a variable may be any text. */
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

/** The rule for the literals of a document. */
export const storableLiteralsRule: ValidationRule = (context) => ({
  StringValue(node, _key, parent, _path, ancestors) {
    if (isStorable(node.value)) return
    context.reportError(problem(nameOf(parent === undefined ? ancestors : [...ancestors, parent]), node))
  },
})

/** What is wrong with the values of variables: at most one problem. Without recursion, for JSON may nest as deep as it is long. */
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
