// A word as a shell takes it, so that a command in a message can be pasted.

/** The word itself where a shell leaves it alone, else in single quotes (POSIX 2.2.2). */
export const shellWord = (word: string): string =>
  /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
