// The documents that were parsed lately: bounded by what they keep alive, not by what they were asked for.
import { type DocumentNode, type Token, TokenKind } from 'graphql'
import { LRUCache } from 'lru-cache'

/** All documents together, in bytes: a client has a few dozens of a few kilobytes each. */
const mostBytes = 4 * 1024 * 1024
/** One that is larger is read anew each time: it would take the place of many. In bytes. */
const mostBytesOfOne = mostBytes / 16

/** Measured at graphql-js 16: a token, its share of the nodes, their places. In bytes. */
const bytesPerToken = 450
/** An entry by itself: the key, the source, the document. In bytes. */
const bytesPerEntry = 1_500
/** What JavaScript needs for a character that is not of Latin-1. */
const bytesPerCharacter = 2

/** A document's names are cut out of its source, and its places point at the tokens, comments included: all of it stays. */
const bytesOf = ({ loc }: DocumentNode): number => {
  if (loc === undefined) return mostBytes
  let tokens = 0
  let token: Token | null = loc.startToken
  for (; token !== null && token.kind !== TokenKind.EOF; token = token.next) tokens += 1
  return bytesPerEntry + loc.source.body.length * bytesPerCharacter + tokens * bytesPerToken
}

/** The store that Apollo asks before it parses, by the hash of the text. */
export class DocumentStore {
  readonly #documents = new LRUCache<string, DocumentNode>({
    maxSize: mostBytes,
    maxEntrySize: mostBytesOfOne,
    sizeCalculation: bytesOf,
  })

  /** How many documents are kept, and what they take together, in bytes. */
  get kept(): { readonly documents: number; readonly bytes: number } {
    return { documents: this.#documents.size, bytes: this.#documents.calculatedSize }
  }

  async get(key: string): Promise<DocumentNode | undefined> {
    return this.#documents.get(key)
  }

  async set(key: string, document: DocumentNode): Promise<void> {
    this.#documents.set(key, document)
  }

  async delete(key: string): Promise<boolean> {
    return this.#documents.delete(key)
  }
}
