/** `--x a,b` and `--x a --x b` alike, for lists of names. */
export function splitList(words: string | readonly string[] | undefined): string[] | undefined {
  return wordList(words)
    ?.flatMap((word) => word.split(','))
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** `--x a --x b`, for words that may hold a comma. */
export function wordList(words: string | readonly string[] | undefined): string[] | undefined {
  return words === undefined ? undefined : [words].flat();
}
