// The compose file against the JSON schema of the Compose Specification.
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'

const readSchema = () => {
  const url = new URL('../compose-spec/compose-spec.json', import.meta.url)
  // Ajv knows draft 7 under its older address only.
  const { $schema: _, ...schema } = JSON.parse(readFileSync(url, 'utf8'))
  return schema
}

/** What a choice between forms says about itself tells nothing: its branches have said it. */
const saysNothing = ['oneOf', 'anyOf', 'if']

const toProblem = ({ instancePath, message, params }) => {
  const path = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/')
  const detail = params.additionalProperty ?? params.allowedValues?.join(', ')
  return {
    place: `docker-compose.yml ${path || '(top level)'}`,
    problem: `${message}${detail === undefined ? '' : `: ${detail}`}.`,
    remedy: 'See https://github.com/compose-spec/compose-spec for what may stand there.',
  }
}

/** What the schema refuses. */
export const checkSchema = ({ compose }) => {
  const validate = new Ajv({ strict: false, allErrors: true }).compile(readSchema())
  if (validate(compose)) return []
  const errors = validate.errors.filter(({ keyword }) => !saysNothing.includes(keyword))
  return (errors.length > 0 ? errors : validate.errors).map(toProblem)
}
