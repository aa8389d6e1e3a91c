/** Daily notes: one file per day of the home's calendar. */

const notePath = /^memory\/\d{4}-\d{2}-\d{2}(?:-[^/]+)?\.md$/;

/** memory/2026-01-31.md, and memory/2026-01-31-some-title.md as other programs write them. */
export function isDailyNotePath(path: string): boolean {
  return notePath.test(path);
}

export function dailyNotePath(day: string): string {
  return `memory/${day}.md`;
}
