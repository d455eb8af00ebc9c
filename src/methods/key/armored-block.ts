// Blocks of base64 between BEGIN and END (RFC 7468, RFC 4716), also with line ends that were escaped, lost or indented.
// The service and the command line share no code: each has this file, and a test keeps the two identical.

/** A block between `BEGIN` and `END`, its lines joined. */
export interface ArmoredBlock {
  /** Such as `PUBLIC KEY`. */
  readonly label: string
  /** The header lines before the base64, such as `Proc-Type: 4,ENCRYPTED`. */
  readonly headers: string
  /** The decoded base64; null if it is invalid. */
  readonly bytes: Buffer | null
}

const beginning = /-----BEGIN ([A-Z0-9 ]+)-----|---- BEGIN (SSH2 [A-Z0-9 ]+) ----/

/** The blocks of a text, and the text around them. A block without an end has no bytes. */
export const armoredBlocks = (text: string): { blocks: readonly ArmoredBlock[]; rest: string } => {
  const blocks: ArmoredBlock[] = []
  let rest = ''
  let unread = text
  for (let begin = beginning.exec(unread); begin !== null; begin = beginning.exec(unread)) {
    const label = begin[1] ?? begin[2] ?? ''
    const body = unread.slice(begin.index + begin[0].length)
    const ending = begin[0].replace('BEGIN', 'END')
    const end = body.indexOf(ending)
    rest += `${unread.slice(0, begin.index)}\n`
    blocks.push(blockOf(label, end < 0 ? '' : body.slice(0, end)))
    unread = end < 0 ? '' : body.slice(end + ending.length)
  }
  return { blocks, rest: rest + unread }
}

const blockOf = (label: string, body: string): ArmoredBlock => {
  const text = body.replace(/\\r\\n|\\[nr]/g, '\n').replace(/\\t/g, ' ')
  // A header may continue after a backslash at the end of its line (RFC 4716 section 3.3).
  const headers: string[] = []
  const withoutHeaders = text.replace(/^[ \t]*[\w-]+: (?:[^\r\n]*\\\r?\n)*[^\r\n]*$/gm, (header) => {
    headers.push(header)
    return ''
  })
  const base64 = withoutHeaders.replace(/\s+/g, '')
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(base64)
  return { label, headers: headers.join('\n'), bytes: isBase64 ? Buffer.from(base64, 'base64') : null }
}
