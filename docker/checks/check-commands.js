// Checks the commands of the services with our image: those of package.json, with a role that src/main.ts has.
import { servicesOf } from './project.js'

/** Whether main.ts contains the role as a string or as the key of a table. */
const hasRole = (mainSource, role) => new RegExp(`'${role}'|\\b${role}:`).test(mainSource)

const commandProblem = ({ packageJson, mainSource }, command) => {
  if (!Array.isArray(command))
    return 'has no command in list form: a shell between would keep SIGTERM from the process.'
  const { start } = packageJson.scripts
  const line = command.join(' ')
  if (Object.values(packageJson.scripts).includes(line)) return null
  const role = command.at(-1)
  if (line !== `${start} ${role}`) return `runs another line than \`npm start\` does: ${line}.`
  return hasRole(mainSource, role) ? null : `starts ${role}, which src/main.ts does not know.`
}

/** Problems of the commands of services that are built here. */
export const checkCommands = (project) =>
  servicesOf(project)
    .filter(([, { build }]) => build !== undefined)
    .map(([name, { command }]) => ({ name, problem: commandProblem(project, command) }))
    .filter(({ problem }) => problem !== null)
    .map(({ name, problem }) => ({
      place: `docker-compose.yml services.${name}.command`,
      problem,
      remedy: `Write the words of "${project.packageJson.scripts.start}" as a list, then the role.`,
    }))
