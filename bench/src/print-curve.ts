/** Prints what was measured at several sizes as a table in Markdown, for docs/benchmarks.md. */
export function printCurve(titles: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const cells = (row: readonly (string | number)[]) =>
    `| ${row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell)).join(" | ")} |`;
  const lines = [cells(titles), cells(titles.map(() => "---:")), ...rows.map(cells)];
  process.stdout.write(`\n${lines.join("\n")}\n\n`);
}
