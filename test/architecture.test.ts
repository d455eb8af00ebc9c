// The architecture, held: the order of the rooms, the grammar of file names, no clock or randomness but the runtime's.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const architecture = readFileSync('ARCHITECTURE.md', 'utf8')

/** The one line of ARCHITECTURE.md that lists the rooms from top to bottom. */
const order = (/^`(failure · .+)`$/m.exec(architecture)?.[1] ?? '').replaceAll('/', '').split(' · ')

/** What is published to others or runs elsewhere: nothing of the service imports it, and it imports nothing of the service. */
const outsideOfService: Readonly<Record<string, readonly string[]>> = {
  client: ['client'],
  browser: ['browser', 'client'],
  cli: ['cli', 'client'],
}

/** These name their files freely. */
const freeRooms = ['graphql', 'http', 'database', 'runtime', 'config', 'merge']

/** Stores whose name is no plural. */
const singularStores = ['audit-log', 'outbox']

interface SourceFile {
  readonly path: string
  readonly text: string
  /** The text without its comments. */
  readonly code: string
  readonly room: string
  /** The file's name without `.ts`. */
  readonly name: string
  /** The names of the values that it exports; types are free. */
  readonly values: readonly string[]
}

/** `src/accounts/handle.ts` and `jobs/worker.ts` belong to a folder, `src/main.ts` is a room of its own. */
const roomOf = (path: string): string =>
  path
    .replace(/^src\//, '')
    .split('/')[0]
    ?.replace(/\.ts$/, '') ?? ''

const files: readonly SourceFile[] = globSync(['src/**/*.ts', 'jobs/**/*.ts']).map((path) => {
  const text = readFileSync(path, 'utf8')
  const code = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  const values = [
    ...code.matchAll(/^export (?:async )?(?:const|let|class|abstract class|function|enum) (\w+)/gm),
  ]
  return {
    path,
    text,
    code,
    room: roomOf(path),
    name: basename(path, '.ts'),
    values: values.map(([, name]) => name ?? ''),
  }
})

const importsOf = ({ path, code }: SourceFile): string[] =>
  [...code.matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g)].map(([, target]) =>
    join(dirname(path), target ?? '').replace(/\.js$/, '.ts'),
  )

const isAllowed = (from: string, to: string): boolean => {
  if (from === to) return true
  if (from in outsideOfService || to in outsideOfService) return outsideOfService[from]?.includes(to) === true
  return order.includes(to) && order.indexOf(to) < order.indexOf(from)
}

const camelCase = (name: string): string =>
  name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
const pascalCase = (name: string): string => camelCase(`-${name}`)

/** The paths of the files for which `isWrong`. */
const wrong = (candidates: readonly SourceFile[], isWrong: (file: SourceFile) => boolean): string[] =>
  candidates.filter(isWrong).map(({ path }) => path)

const service = files.filter(({ room }) => !(room in outsideOfService))
const grammatical = files.filter(({ room }) => !freeRooms.includes(room))

test('a room imports only from the rooms above it', () => {
  expect(order.length, 'the order in ARCHITECTURE.md').toBeGreaterThan(20)
  expect([...new Set(files.map(({ room }) => room))].filter((room) => !order.includes(room))).toEqual([])
  const upward = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => !isAllowed(file.room, roomOf(target)))
      .map((target) => `${file.path} imports ${target}`),
  )
  expect(upward).toEqual([])
})

test('every file says in its first line what it owns, and has a name that says it too', () => {
  expect(wrong(files, ({ text }) => !/^\/\/ \S/.test(text))).toEqual([])
  expect(
    wrong(files, ({ name }) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:resolver|types))?$/.test(name)),
  ).toEqual([])
  const saysNothing =
    /(?:^|\/)(?:utils?|helpers?|common|shared|misc|lib|base|core|types|constants|index)(?:\/|\.ts$)/
  expect(wrong(files, ({ path }) => saysNothing.test(path))).toEqual([])
  expect(wrong(files, ({ code }) => /^export default\b/m.test(code))).toEqual([])
})

test('verb-noun.ts exports one function, and a function that takes a call is in a file of its name', () => {
  expect(
    wrong(grammatical, ({ name, values }) => values.includes(camelCase(name)) && values.length > 1),
  ).toEqual([])
  const useCases = /^export const (\w+) = (?:async )?\(\s*call: Call\b/gm
  const misplaced = ({ code, name }: SourceFile) =>
    [...code.matchAll(useCases)].some(([, useCase]) => useCase !== camelCase(name))
  expect(wrong(grammatical, misplaced)).toEqual([])
})

test('only the store of a room queries', () => {
  const isStore = ({ name, values }: SourceFile) =>
    values.includes(pascalCase(name)) && (name.endsWith('s') || singularStores.includes(name))
  const queries = /\.(?:em|orm)\b|(?<!requestScope)\.(?:run|change)\s*[<(]/
  const others = service.filter((file) => !['database', 'runtime'].includes(file.room) && !isStore(file))
  expect(wrong(others, ({ code }) => queries.test(code))).toEqual([])
})

test('the time is read and randomness is made in runtime/ alone', () => {
  const bare =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\b|\brandomBytes\b|\brandomUUID|\brandomInt\b|getRandomValues/
  expect(wrong(service, ({ room, code }) => room !== 'runtime' && bare.test(code))).toEqual([])
})

/** What loading a file loads with it: packages, and files of ours. What is imported where it is used comes later. */
const loadedWith = (path: string, loaded = new Set<string>()): ReadonlySet<string> => {
  const code = files.find((file) => file.path === path)?.code ?? ''
  for (const [, target = ''] of code.matchAll(/^(?:import|export) (?!type\b)(?:[^']*? from )?'([^']+)'/gm)) {
    const name = target.startsWith('.') ? join(dirname(path), target).replace(/\.js$/, '.ts') : target
    if (loaded.has(name)) continue
    loaded.add(name)
    loadedWith(name, loaded)
  }
  return loaded
}

test('a process that serves requests alone loads neither the queue nor SMTP', () => {
  const ofJobs = ['bullmq', 'nodemailer']
  expect([...loadedWith('jobs/worker.ts')]).toEqual(expect.arrayContaining(ofJobs))
  const loaded = loadedWith('src/main.ts')
  expect(loaded).toContain('@apollo/server')
  expect(ofJobs.filter((name) => loaded.has(name))).toEqual([])
})

test('a process without traces loads nothing of OpenTelemetry', () => {
  const ofTraces = (path: string) =>
    [...loadedWith(path)].filter((name) => name.startsWith('@opentelemetry/'))
  expect(ofTraces('src/runtime/open-traces.ts').length).toBeGreaterThan(3)
  expect([...ofTraces('src/main.ts'), ...ofTraces('jobs/worker.ts')]).toEqual([])
})

test('a process without contract wallets loads nothing that encodes their calls', () => {
  expect(files.some(({ code }) => code.includes("import('ox/erc6492')"))).toBe(true)
  const loaded = [...loadedWith('src/main.ts'), ...loadedWith('jobs/worker.ts')]
  expect(loaded).toContain('src/methods/wallet/contract-wallet.ts')
  expect(loaded.filter((name) => /^(?:ox|viem|ethers)(?:\/|$)/.test(name))).toEqual([])
})

test('docs/dependencies.md gives each dependency its reason, and names no other', () => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  )
  const table = readFileSync('docs/dependencies.md', 'utf8')
  const named = [...table.matchAll(/^\| (`.+?`) +\|/gm)].flatMap(([, names = '']) =>
    names.replaceAll('`', '').split(', '),
  )
  const declared = { ...dependencies, ...optionalDependencies, ...devDependencies }
  expect(named.toSorted()).toEqual(Object.keys(declared).toSorted())
})

const documents = globSync(['*.md', 'docs/**/*.md'])

/**
 * The paths in a document, relative to the repository's folder: its links and pictures, and the files in its text, where
 * `room/file` stands for `src/room/file.ts`.
 */
const pathsIn = (document: string): string[] => {
  const text = readFileSync(document, 'utf8')
  const links = [...text.matchAll(/(?:\]\(|src=")([\w./-]+)[)"]/g)].map(([, link = '']) =>
    join(dirname(document), link),
  )
  const named = /`((?:src|jobs|test|schema|bench|bin|docs|docker|\.ci)\/[\w./-]+)`/g
  const inRooms = [...text.matchAll(/`([a-z-]+)\/([\w./-]+)`/g)]
    .filter(([, room = '']) => order.includes(room) && room !== 'jobs')
    .map(([, room, file]) => `src/${room}/${file}`)
  return [...links, ...[...text.matchAll(named)].map(([, path = '']) => path), ...inRooms]
}

test('the documents point only to files that exist', () => {
  expect(documents.length).toBeGreaterThan(10)
  const missing = documents.flatMap((document) =>
    pathsIn(document)
      .filter((path) => !existsSync(path) && !existsSync(`${path}.ts`))
      .map((path) => `${document} names ${path}`),
  )
  expect(missing).toEqual([])
})

test('every document of docs/ is reached from the README', () => {
  const linked = pathsIn('README.md')
  expect(globSync('docs/**/*.md').filter((document) => !linked.includes(document))).toEqual([])
})
