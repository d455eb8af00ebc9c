// The modules that browsers load from here: the scripts of our pages, and the client for front ends.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HttpRefusal } from './refusal.js'

/** The rooms whose compiled modules are served; they import nothing but each other. */
const rooms = ['browser', 'client']
const nameForm = /^[a-z\d]+(?:-[a-z\d]+)*\.js$/

interface Script {
  readonly text: string
  readonly etag: string
}

/** The folder of the compiled rooms, also where the service itself runs from its sources, as in tests. */
const folder = (): string => {
  const manifest = findPackageJSON(import.meta.url)
  if (manifest === undefined) throw new Error('there is no package.json above the scripts')
  return join(dirname(manifest), 'dist/src')
}

/** The module; null if there is none of this name. */
const readScript = async (room: string, name: string): Promise<Script | null> => {
  if (!nameForm.test(name)) return null
  try {
    const compiled = await readFile(join(folder(), room, name), 'utf8')
    // Maps are not served.
    const text = compiled.replace(/^\/\/# sourceMappingURL=.*$/m, '')
    return { text, etag: `"${createHash('sha256').update(text).digest('base64url')}"` }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Adds the routes. Each file is read once; a browser asks each time whether it has changed. */
export const addScriptFiles = (app: FastifyInstance): void => {
  const scripts = new Map<string, Script>()
  const find = async (room: string, name: string): Promise<Script | null> => {
    const path = `${room}/${name}`
    const script = scripts.get(path) ?? (await readScript(room, name))
    if (script !== null) scripts.set(path, script)
    return script
  }
  for (const room of rooms)
    app.get(
      `/${room}/:name`,
      async (request: FastifyRequest<{ Params: { name: string } }>, reply: FastifyReply) => {
        const script = await find(room, request.params.name)
        if (script === null)
          throw new HttpRefusal(404, { sentence: 'There is no such module.', code: 'NOT_FOUND' })
        reply.headers({ 'cache-control': 'no-cache', etag: script.etag })
        if (request.headers['if-none-match'] === script.etag) return await reply.code(304).send()
        return await reply.type('text/javascript; charset=utf-8').send(script.text)
      },
    )
}
