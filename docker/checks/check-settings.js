// Checks the environment of the services of Idem: each variable is a setting, and each file that one names is mounted.
import { environmentOf, servicesOf } from './project.js'

const isOurs = (variable) => /^(?:IDEM_\w+|(?:DATABASE|REDIS|SMTP)_URL(?:_FILE)?)$/.test(variable)

/** The setting of a variable, or undefined. Only a secret may come from a file. */
const settingOf = (settings, variable) => {
  const setting = settings.get(variable.replace(/_FILE$/, ''))
  return variable.endsWith('_FILE') && setting?.isSecret !== true ? settings.get(variable) : setting
}

const checkVariable = ({ settings }, { place, service, variable, value }) => {
  if (isOurs(variable) && settingOf(settings, variable) === undefined)
    return [{ place, problem: 'is no setting of Idem.', remedy: 'See the table of docs/settings.md.' }]
  if (!variable.endsWith('_FILE')) return []
  const mounted = (service.secrets ?? []).map((secret) =>
    typeof secret === 'string' ? secret : (secret.target ?? secret.source),
  )
  if (mounted.some((name) => value === `/run/secrets/${name}`)) return []
  const remedy = 'Name /run/secrets/ and a secret that the service lists below secrets.'
  return [{ place, problem: `names ${value}, which is not mounted.`, remedy }]
}

const isGivenTwice = (service, variable) =>
  environmentOf(service).some(([name]) => name === `${variable}_FILE`)

/** Variables that are no settings, files that are not mounted, and settings that are given twice. */
export const checkSettings = (project) =>
  servicesOf(project).flatMap(([name, service]) =>
    environmentOf(service).flatMap(([variable, value]) => {
      const place = `docker-compose.yml services.${name}.environment.${variable}`
      const twice = { place, problem: 'is given twice, also with _FILE.', remedy: 'Keep one of them.' }
      return [
        ...checkVariable(project, { place, service, variable, value }),
        ...(isGivenTwice(service, variable) ? [twice] : []),
      ]
    }),
  )
