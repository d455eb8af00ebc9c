// Checks that no secret is in a file that is committed or enters the image.
import { environmentOf, servicesOf } from './project.js'

const remedy =
  'Put it into a file below secrets/, declare that below secrets:, and name it by the variable with _FILE.'

/** `${NAME}` and `${NAME:?message}` take the value from the environment; `${NAME:-value}` contains one. */
const comesFromOutside = (value) => value === '' || /^\$\{\w+(?::?\?[^}]*)?\}$/.test(value)

const soundsSecret = (name) => /PASS(?:WORD|PHRASE)|SECRET|TOKEN|PRIVATE_?KEY|API_?KEY/i.test(name)

/** A text that looks like a secret: a password in a URL, or 32 or more hexadecimal characters. */
const secretIn = (text) => {
  const password = /:\/\/[^\s/:@]*:([^\s/@]+)@/.exec(text)?.[1]
  if (password !== undefined && !comesFromOutside(password)) return 'holds a URL with a password.'
  return /\b[0-9a-f]{32,}\b/i.test(text.replace(/@sha256:[0-9a-f]{64}/g, ''))
    ? 'holds what looks like a secret in hexadecimal.'
    : null
}

/** All strings in a value, each with its path. */
const textsOf = (value, path) =>
  value !== null && typeof value === 'object'
    ? Object.entries(value).flatMap(([key, inner]) => textsOf(inner, path === '' ? key : `${path}.${key}`))
    : [{ path, text: String(value ?? '') }]

const checkEnvironment = ({ settings }, [name, service]) =>
  environmentOf(service)
    .filter(([variable]) => soundsSecret(variable) && !variable.endsWith('_FILE'))
    // IDEM_ACCESS_TOKEN_LIFETIME_SECONDS has TOKEN in its name and is no secret.
    .filter(([variable]) => settings.get(variable)?.isSecret !== false)
    .filter(([, value]) => !comesFromOutside(value))
    .map(([variable]) => ({
      place: `docker-compose.yml services.${name}.environment.${variable}`,
      problem: 'is a secret with its value in this file.',
      remedy,
    }))

const checkFiles = ({ compose, gitIgnore, dockerIgnore }) =>
  Object.entries(compose.secrets ?? {})
    .filter(([, { file }]) => typeof file === 'string')
    .map(([name, { file }]) => ({ name, path: file.replace(/^\.\//, '') }))
    .filter(({ path }) => !gitIgnore(path) || !dockerIgnore(path))
    .map(({ name, path }) => ({
      place: `docker-compose.yml secrets.${name}`,
      problem: `${path} could be committed or enter the image.`,
      remedy: 'Add its folder to .gitignore and .dockerignore.',
    }))

const checkStages = ({ stages }) =>
  stages
    .flatMap(({ instructions }) => instructions)
    .filter(({ word }) => word === 'ENV' || word === 'ARG')
    .filter(({ rest }) => secretIn(rest) !== null || soundsSecret(rest.replace(/\w+_FILE=\S*/g, '')))
    .map(({ word, rest }) => ({
      place: 'Dockerfile',
      problem: `${word} ${rest.split('=', 1)[0]} would keep a secret in the image.`,
      remedy: 'Give it when the container starts.',
    }))

/** Secrets in files. The messages do not repeat their values. */
export const checkSecrets = (project) => [
  ...servicesOf(project).flatMap((service) => checkEnvironment(project, service)),
  ...textsOf(project.compose, '')
    .map(({ path, text }) => ({ path, problem: secretIn(text) }))
    .filter(({ problem }) => problem !== null)
    .map(({ path, problem }) => ({ place: `docker-compose.yml ${path}`, problem, remedy })),
  ...checkFiles(project),
  ...checkStages(project),
]
