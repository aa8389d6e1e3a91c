/** Prints what is measured at several sizes: each size as it is known, so that a run that is cut off has said what it found, and all at the end for docs/benchmarks.md. */
import type { MeasureOptions } from "./measure.ts";

export interface Curve {
  add(row: readonly (string | number)[]): void;
  /** A table in Markdown. */
  print(): void;
}

export function openCurve(titles: readonly string[], { onProgress }: Pick<MeasureOptions, "onProgress">): Curve {
  const rows: string[][] = [];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return {
    add(row) {
      const cells = row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell));
      rows.push(cells);
      onProgress(titles.map((title, index) => `${title} ${cells[index]}`).join("; "));
    },
    print() {
      const lines = [line([...titles]), line(titles.map(() => "---:")), ...rows.map(line)];
      process.stdout.write(`\n${lines.join("\n")}\n\n`);
    },
  };
}
