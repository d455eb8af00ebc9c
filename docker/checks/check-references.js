// Checks references in the compose file: volumes, secrets, networks and dependencies between services.
import { runsOnce, servicesOf } from './project.js'

/** The names of each kind that a service refers to; a path is not a name. */
const uses = {
  volumes: ({ volumes = [] }) =>
    volumes
      .filter((volume) => typeof volume === 'string' || volume.type === 'volume')
      .map((volume) => (typeof volume === 'string' ? volume.split(':', 1)[0] : volume.source))
      .filter((source) => source !== undefined && !/^[./~]/.test(source)),
  secrets: ({ secrets = [] }) =>
    secrets.map((secret) => (typeof secret === 'string' ? secret : secret.source)),
  networks: ({ networks = [] }) => (Array.isArray(networks) ? networks : Object.keys(networks)),
}

const checkKind = (project, kind) => {
  const declared = Object.keys(project.compose[kind] ?? {})
  const used = servicesOf(project).flatMap(([name, service]) =>
    uses[kind](service).map((target) => ({ name, target })),
  )
  const undeclared = used.filter(({ target }) => target !== 'default' && !declared.includes(target))
  const unused = declared.filter((name) => !used.some(({ target }) => target === name))
  return [
    ...undeclared.map(({ name, target }) => ({
      place: `docker-compose.yml services.${name}.${kind}`,
      problem: `names ${target}, which is declared nowhere.`,
      remedy: `Declare it below ${kind} at the top level, or correct the name.`,
    })),
    ...unused.map((name) => ({
      place: `docker-compose.yml ${kind}.${name}`,
      problem: 'is used by no service.',
      remedy: 'Remove it, or give it to the service that needs it.',
    })),
  ]
}

/** The depends_on of a service, in either form, as [name, condition] pairs. */
const needsOf = ({ depends_on: needs = {} }) =>
  Array.isArray(needs)
    ? needs.map((name) => [name, 'service_started'])
    : Object.entries(needs).map(([name, { condition }]) => [name, condition])

/** The problem of a dependency on `target`, or null. */
const waitProblem = (project, target, condition) => {
  const service = project.compose.services[target]
  if (service === undefined) return `waits for ${target}, which is no service.`
  if (condition === 'service_healthy' && service.healthcheck?.test === undefined)
    return `waits for ${target} to be healthy, but ${target} has no health check.`
  if (condition !== 'service_completed_successfully' && runsOnce(project, target))
    return `does not wait for ${target} to end, though ${target} runs once.`
  return condition === 'service_started' ? `starts beside ${target}, which may not serve yet.` : null
}

const checkNeeds = (project) =>
  servicesOf(project).flatMap(([name, service]) =>
    needsOf(service)
      .map(([target, condition]) => waitProblem(project, target, condition))
      .filter((problem) => problem !== null)
      .map((problem) => ({
        place: `docker-compose.yml services.${name}.depends_on`,
        problem,
        remedy: 'Use service_healthy for what serves, service_completed_successfully for what runs once.',
      })),
  )

/** References without a declaration, and declarations without a reference. */
export const checkReferences = (project) => [
  ...Object.keys(uses).flatMap((kind) => checkKind(project, kind)),
  ...checkNeeds(project),
]
