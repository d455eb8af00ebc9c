// Reads the files that are checked: the compose file, the Dockerfile, and the files with which both must agree.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { readStages } from './dockerfile.js'
import { ignoreRules } from './ignore-rules.js'

/** A file is missing or cannot be parsed, so nothing can be checked; `problems` says which. */
export class UnreadableProject extends Error {
  name = 'UnreadableProject'
  constructor(problems) {
    super('unreadable')
    this.problems = problems
  }
}

/**
 * The settings in docs/settings.md by name, with `isSecret` and `defaultText`. test/documents.test.ts checks that
 * table.
 */
const readSettings = (table) =>
  new Map(
    [...table.matchAll(/^\| `([A-Z_]+)`( \(secret\))? +\|.*\| (.*?) +\|$/gm)].map(
      ([, name, secret, defaultText]) => [name, { isSecret: secret !== undefined, defaultText }],
    ),
  )

const readCompose = (text) => {
  const document = parseDocument(text, { merge: true })
  if (document.errors.length > 0)
    throw new UnreadableProject(
      document.errors.map(({ message }) => ({
        place: 'docker-compose.yml',
        problem: `is no YAML: ${message.split('\n')[0]}`,
        remedy: 'Mend the line that is named.',
      })),
    )
  return document.toJS()
}

/** Reads all files. Throws `UnreadableProject` if one is missing or is not YAML. */
export const readProject = (folder) => {
  const read = (path) => {
    if (existsSync(join(folder, path))) return readFileSync(join(folder, path), 'utf8')
    const remedy = `Run this in the folder of Idem, or put ${path} back.`
    throw new UnreadableProject([{ place: path, problem: 'is missing.', remedy }])
  }
  return {
    compose: readCompose(read('docker-compose.yml')),
    stages: readStages(read('Dockerfile')),
    dockerIgnore: ignoreRules(read('.dockerignore')),
    gitIgnore: ignoreRules(read('.gitignore')),
    packageJson: JSON.parse(read('package.json')),
    settings: readSettings(read('docs/settings.md')),
    mainSource: read('src/main.ts'),
    exists: (path) => existsSync(join(folder, path)),
  }
}

/** The services as [name, service] pairs. */
export const servicesOf = ({ compose }) => Object.entries(compose.services ?? {})

/** The environment of a service, in either form, as [name, value] pairs. */
export const environmentOf = ({ environment = {} }) =>
  Array.isArray(environment)
    ? environment.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)])
    : Object.entries(environment).map(([name, value]) => [name, String(value ?? '')])

/** True for a service that runs once, because others wait for it to end successfully. */
export const runsOnce = (project, name) =>
  servicesOf(project).some(
    ([, { depends_on: needs }]) => needs?.[name]?.condition === 'service_completed_successfully',
  )
