// Validates the compose file with the JSON schema of the Compose Specification.
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'

const readSchema = () => {
  const url = new URL('../compose-spec/compose-spec.json', import.meta.url)
  // Ajv knows draft 7 only by its older URL.
  const { $schema: _, ...schema } = JSON.parse(readFileSync(url, 'utf8'))
  return schema
}

/** Errors with these keywords are left out, because the errors of their branches are more precise. */
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

/** The errors of the schema. */
export const checkSchema = ({ compose }) => {
  const validate = new Ajv({ strict: false, allErrors: true }).compile(readSchema())
  if (validate(compose)) return []
  const errors = validate.errors.filter(({ keyword }) => !saysNothing.includes(keyword))
  return (errors.length > 0 ? errors : validate.errors).map(toProblem)
}
