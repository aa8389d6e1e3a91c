/** The finished comparison as Markdown: one table for each workload, the programs as rows, and what each promised meanwhile. */
import type { PeerVariant } from "./peer-variants.ts";
import type { Measured, Median, PeerFacts } from "./peer.ts";

export interface TextColumn {
  title: string;
  /** The figure of a measurement that stands in it. */
  figure: string;
  unit: "perSecond" | "ms" | "count";
}

export interface TableRow {
  variant: PeerVariant;
  /** One for each column; undefined where the program has no such thing. */
  cells: (Measured | undefined)[];
}

export interface ResultTable {
  title: string;
  explanation: string;
  columns: TextColumn[];
  rows: TableRow[];
  /** Reasons of those that did not start, by label. */
  notes: string[];
}

export function formatTable({ title, explanation, columns, rows, notes }: ResultTable): string {
  const header = ["", ...columns.map((column) => column.title)];
  const reasons: string[] = [...notes];
  const lines = rows.map(({ variant, cells }) => {
    const shown = cells.map((cell, index) => formatCell(cell, columns[index]!));
    for (const [index, cell] of cells.entries())
      if (cell !== undefined && "notMeasured" in cell)
        reasons.push(`${variant.label}, ${columns[index]!.title}: not measured: ${cell.notMeasured}`);
    return [variant.isBatched ? `*${variant.label}*` : variant.label, ...shown];
  });
  return [
    `### ${title}`,
    "",
    explanation,
    "",
    ...formatRows([header, columns.reduce((row) => [...row, "---:"], ["---"]), ...lines]),
    ...(reasons.length === 0 ? [] : ["", ...[...new Set(reasons)].map((reason) => `- ${reason}`)]),
    "",
  ].join("\n");
}

function formatCell(cell: Measured | undefined, { figure, unit }: TextColumn): string {
  if (cell === undefined) return "–";
  if ("notMeasured" in cell) return "not measured";
  const found = cell.figures[figure];
  if (found === undefined) return "–";
  return formatMedian(found, unit);
}

function formatMedian({ median, min, max }: Median, unit: TextColumn["unit"]): string {
  const format = unit === "ms" ? formatMs : formatCount;
  if (min === max) return `**${format(median)}**`;
  return `**${format(median)}** (${format(min)}–${format(max)})`;
}

function formatMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 100 ? ms.toFixed(0) : ms.toFixed(1);
}

function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en");
}

function formatRows(rows: readonly string[][]): string[] {
  return rows.map((row) => `| ${row.join(" | ")} |`);
}

/** What each program is and promises, so that the figures can be read for what they are. */
export function formatGuarantees(variants: readonly PeerVariant[], facts: ReadonlyMap<string, PeerFacts>): string {
  const header = ["", "version", "settings", "fence", "the same job twice", "history", "on disk", "when a worker dies"];
  const rows = variants.flatMap((variant) => {
    const said = facts.get(variant.key);
    if (said === undefined) return [];
    const { fence, deduplication, history, durability, delivery } = said.guarantees;
    const settings = said.settings.join("; ");
    return [[variant.label, said.version, settings, fence, deduplication, history, durability, delivery]];
  });
  return ["### What each promised meanwhile", "", ...formatRows([header, header.map(() => "---"), ...rows]), ""].join(
    "\n",
  );
}
