// A cache of parsed documents, bounded by an estimate of the memory that each entry keeps alive.
import { type DocumentNode, type Token, TokenKind } from 'graphql'
import { LRUCache } from 'lru-cache'

/** Limit of all documents, in bytes. A client has a few dozen of a few kilobytes each. */
const mostBytes = 4 * 1024 * 1024
/** A larger document is not cached, because it would displace many others. In bytes. */
const mostBytesOfOne = mostBytes / 16

/** Memory per token with its share of nodes and locations, in bytes. Measured with graphql-js 16. */
const bytesPerToken = 450
/** Fixed memory of an entry: key, source and document objects. In bytes. */
const bytesPerEntry = 1_500
/** Memory of a character outside Latin-1. */
const bytesPerCharacter = 2

/**
 * The whole source and all tokens stay in memory, because names are slices of the source and locations refer to tokens.
 */
const bytesOf = ({ loc }: DocumentNode): number => {
  if (loc === undefined) return mostBytes
  let tokens = 0
  let token: Token | null = loc.startToken
  for (; token !== null && token.kind !== TokenKind.EOF; token = token.next) tokens += 1
  return bytesPerEntry + loc.source.body.length * bytesPerCharacter + tokens * bytesPerToken
}

/** Apollo's document store, by the hash of the text. */
export class DocumentStore {
  readonly #documents = new LRUCache<string, DocumentNode>({
    maxSize: mostBytes,
    maxEntrySize: mostBytesOfOne,
    sizeCalculation: bytesOf,
  })

  /** The number of cached documents and their size in bytes. */
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
