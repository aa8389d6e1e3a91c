/** What stands between lines of dashes at the beginning of a Markdown text, and what stands below; without them all of it is the body. */
export function splitFrontMatter(text: string): { keys: string; body: string } {
  const match = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?\r?\n)?---[ \t]*(?:\r?\n|$)/.exec(text);
  return { keys: match?.[1] ?? "", body: text.slice(match?.[0].length ?? 0).trim() };
}
