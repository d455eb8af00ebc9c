// Whether the name of an image has a fixed version.

/** The problem of an image's name, or null. It needs a tag that is not moved, or a digest. */
export const imageProblem = (image) => {
  if (image.includes('@sha256:')) return null
  const tag = /:([^:/]+)$/.exec(image)?.[1]
  if (tag === undefined) return `has no tag: ${image}.`
  return tag === 'latest' ? `moves with each release: ${image}.` : null
}

/** The remedy. */
export const imageRemedy = 'Write the version, such as valkey/valkey:8.1.11-alpine.'
