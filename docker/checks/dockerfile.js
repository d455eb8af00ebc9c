// Parses the Dockerfile into stages: the image and the instructions of each.

/** The instructions of a Dockerfile, without comments and with continued lines joined. */
const instructionsOf = (text) =>
  text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => /^\s*(\w+)\s+(.*\S)\s*$/.exec(line))
    .filter((match) => match !== null)
    .map(([, word, rest]) => ({ word: word.toUpperCase(), rest }))

/** Its stages in order: `{ image, name, instructions }`; `name` is undefined for a stage without one. */
export const readStages = (text) => {
  const stages = []
  for (const { word, rest } of instructionsOf(text)) {
    if (word === 'FROM') {
      const [, image, name] = /^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?$/i.exec(rest) ?? [null, rest]
      stages.push({ image, name, instructions: [] })
    } else stages.at(-1)?.instructions.push({ word, rest })
  }
  return stages
}

/** The COPY and ADD instructions of a stage as `{ from, sources }`. */
export const copiesOf = ({ instructions }) =>
  instructions
    .filter(({ word }) => word === 'COPY' || word === 'ADD')
    .map(({ rest }) => {
      const words = rest.split(/\s+/)
      const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length)
      return { from, sources: words.filter((word) => !word.startsWith('--')).slice(0, -1) }
    })

/** A list in JSON form such as `["node", "main.js"]`; null for a shell command. */
export const execForm = (rest) => {
  try {
    const words = JSON.parse(rest)
    return Array.isArray(words) ? words : null
  } catch {
    return null
  }
}
