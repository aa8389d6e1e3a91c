/** Content of other kinds has one byte in 256 that is NUL, or many more; a text may have one that strayed into it. */
const nulsMax = 16;
const textNames =
  /\.(?:md|markdown|mdx|txt|text|org|rst|tex|csv|tsv|json|jsonl|ndjson|ya?ml|toml|xml|html?|css|sh|py|js|mjs|sql|log|ini|conf|cfg|env)$/i;

/** Whether a file may hold secrets that a person or a program wrote into it, by its name and how it begins. */
export function looksLikeText(name: string, beginning: Uint8Array): boolean {
  return textNames.test(name) || hasFewNuls(beginning);
}

/** Not of a text in UTF-16, of which every second byte may be NUL. */
export function hasFewNuls(beginning: Uint8Array): boolean {
  let count = 0;
  for (let at = beginning.indexOf(0); at !== -1; at = beginning.indexOf(0, at + 1)) {
    count += 1;
    if (count > nulsMax) return false;
  }
  return true;
}
