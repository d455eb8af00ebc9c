// Quotes a word for a shell, so that a command in a message can be pasted.

/** The word itself if a shell does not change it, otherwise in single quotes (POSIX 2.2.2). */
export const shellWord = (word: string): string =>
  /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
