// Whether an image's name says which version it is.

/** What is wrong with the name of an image, or null: it needs a tag that stays, or a digest. */
export const imageProblem = (image) => {
  if (image.includes('@sha256:')) return null
  const tag = /:([^:/]+)$/.exec(image)?.[1]
  if (tag === undefined) return `has no tag: ${image}.`
  return tag === 'latest' ? `moves with each release: ${image}.` : null
}

/** What to do about it. */
export const imageRemedy = 'Write the version, such as valkey/valkey:8.1.11-alpine.'
