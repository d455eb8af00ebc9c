// Checks each service: image, health check, time to stop, restarts and published ports.
import { imageProblem, imageRemedy } from './pinned-image.js'
import { environmentOf, runsOnce, servicesOf } from './project.js'

/** Time after the drain until the process exits in any case: `marginSeconds` of src/serving.ts. */
const marginSeconds = 5

/** Docker's default time before it kills a container, in seconds. */
const defaultGraceSeconds = 10

const unitSeconds = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 }

/** A duration such as `1m30s` in seconds; null for any other text. */
const secondsOf = (text) => {
  if (!/^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/.test(text)) return null
  const parts = [...text.matchAll(/([\d.]+)([a-z]+)/g)]
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitSeconds[unit], 0)
}

const checkDurations = (place, { healthcheck = {}, stop_grace_period: grace }) =>
  Object.entries({ ...healthcheck, stop_grace_period: grace })
    .filter(([key, value]) => value !== undefined && !['test', 'retries', 'disable'].includes(key))
    .filter(([, value]) => secondsOf(String(value)) === null)
    .map(([key, value]) => ({
      place,
      problem: `has a ${key} that is no duration: ${value}.`,
      remedy: 'Write a number with its unit, such as 10s or 1m30s.',
    }))

const checkGrace = (project, place, service) => {
  if (service.build === undefined) return []
  const environment = new Map(environmentOf(service))
  const isProduction = (environment.get('NODE_ENV') ?? 'production') === 'production'
  const secondsIn = (variable) => {
    // The default is a number, or such as `0; 5 in production`.
    const [development, production = development] =
      project.settings.get(variable)?.defaultText.match(/\d+/g) ?? []
    return Number(environment.get(variable) ?? (isProduction ? production : development))
  }
  const drain = secondsIn('IDEM_DRAIN_DELAY_SECONDS') + secondsIn('IDEM_DRAIN_SECONDS')
  const grace = secondsOf(service.stop_grace_period ?? `${defaultGraceSeconds}s`)
  if (grace === null || grace > drain + marginSeconds) return []
  return [
    {
      place,
      problem: `is killed after ${grace} s, but may need ${drain + marginSeconds} s to drain and end.`,
      remedy: 'Set stop_grace_period to more than IDEM_DRAIN_DELAY_SECONDS, IDEM_DRAIN_SECONDS and 5 s.',
    },
  ]
}

/** The address on which a port is published, from the short form `127.0.0.1:4000:4000` or the long one. */
const publishedOn = (port) => (typeof port === 'object' ? port.host_ip : /^(.*):\d+:\d+/.exec(port)?.[1])

const checkPorts = (place, { ports = [] }) =>
  ports
    .filter((port) => publishedOn(port) !== '127.0.0.1')
    .map((port) => ({
      place: `${place}.ports`,
      problem: `publishes ${JSON.stringify(port)} to the whole network.`,
      remedy: 'Put 127.0.0.1: before it; a proxy that speaks TLS serves others.',
    }))

const checkLife = (project, place, [name, { healthcheck, restart }]) => {
  if (runsOnce(project, name)) {
    if (restart === undefined || restart === 'no' || restart.startsWith('on-failure')) return []
    const problem = `runs once, yet restarts ${restart}.`
    return [{ place, problem, remedy: "Set restart to 'no' or on-failure." }]
  }
  const problems = []
  if (healthcheck?.test === undefined || healthcheck.disable === true)
    problems.push({
      place,
      problem: 'has no health check.',
      remedy: 'Add healthcheck with a test, or let its dependants wait for service_completed_successfully.',
    })
  if (restart === undefined || restart === 'no')
    problems.push({ place, problem: 'stays down after a crash.', remedy: 'Set restart: unless-stopped.' })
  return problems
}

const checkImage = (place, { image, build }) => {
  const problem = image === undefined ? 'has no name for its image.' : imageProblem(image)
  if (problem === null) return []
  return [{ place: `${place}.image`, problem, remedy: build ? 'Write idem:local.' : imageRemedy }]
}

const checkConfinement = (place, { read_only: readOnly, security_opt: options = [] }) =>
  readOnly === true && options.includes('no-new-privileges:true')
    ? []
    : [
        {
          place,
          problem: 'may write to its image or gain privileges.',
          remedy:
            "Set read_only: true (with tmpfs where it writes) and security_opt: ['no-new-privileges:true'].",
        },
      ]

/** Problems of single services. */
export const checkServices = (project) =>
  servicesOf(project).flatMap(([name, service]) => {
    const place = `docker-compose.yml services.${name}`
    return [
      ...checkImage(place, service),
      ...checkLife(project, place, [name, service]),
      ...checkDurations(place, service),
      ...checkGrace(project, place, service),
      ...checkPorts(place, service),
      ...checkConfinement(place, service),
    ]
  })
