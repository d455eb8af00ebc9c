// `npm run compose:check`: validates docker-compose.yml, Dockerfile and .dockerignore without a docker engine.
import { parseArgs } from 'node:util'
import { checkBuild } from './checks/check-build.js'
import { checkCommands } from './checks/check-commands.js'
import { checkReferences } from './checks/check-references.js'
import { checkSchema } from './checks/check-schema.js'
import { checkSecrets } from './checks/check-secrets.js'
import { checkServices } from './checks/check-services.js'
import { checkSettings } from './checks/check-settings.js'
import { readProject, UnreadableProject } from './checks/project.js'

const help = `Validates docker-compose.yml, Dockerfile and .dockerignore without a docker engine.

usage: npm run compose:check [-- [FOLDER] [--json]]

  FOLDER   the folder that holds the files (default: the current one)
  --json   one JSON document: { ok, problems: [{ place, problem, remedy }] }

examples:
  npm run compose:check
  npm run -s compose:check -- --json
  node docker/compose-check.js ../another-checkout

exit codes: 0 all is well, 1 problems were found, 2 wrong option
`

const checks = [checkServices, checkReferences, checkSecrets, checkSettings, checkCommands, checkBuild]

/** Every problem of the project in `folder`. If the schema refuses the compose file, the other checks are skipped. */
const findProblems = (folder) => {
  try {
    const project = readProject(folder)
    const misshapen = checkSchema(project)
    return misshapen.length > 0 ? misshapen : checks.flatMap((check) => check(project))
  } catch (error) {
    if (error instanceof UnreadableProject) return error.problems
    throw error
  }
}

const report = (problems) => {
  for (const { place, problem, remedy } of problems)
    process.stderr.write(`${place} ${problem}\n    ${remedy}\n`)
  if (problems.length > 0) process.stderr.write(`\n${problems.length} to mend.\n`)
  else process.stdout.write('docker-compose.yml, Dockerfile and .dockerignore are well.\n')
}

/** The parsed command line; a wrong one ends the process. */
const readArguments = () => {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
    if (positionals.length > 1) throw new Error(`One folder, not ${positionals.length}.`)
    return { ...values, folder: positionals[0] ?? '.' }
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${help}`)
    return process.exit(2)
  }
}

const words = readArguments()
if (words.help) process.stdout.write(help)
else {
  const problems = findProblems(words.folder)
  if (words.json)
    process.stdout.write(`${JSON.stringify({ ok: problems.length === 0, problems }, null, 2)}\n`)
  else report(problems)
  process.exitCode = problems.length === 0 ? 0 : 1
}
