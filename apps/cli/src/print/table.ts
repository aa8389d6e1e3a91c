/** Tables that fit: columns shrink, the least important are dropped, and where that does not suffice each row becomes a few lines. */
import type { Paint, Tone } from "./create-paint.ts";
import { cutText, padText, plainLine, textWidth, wrapText } from "@roost/base/text-width";

export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  tone?: (row: Row) => Tone;
  /** Minimum width after shrinking. Default: never cut. */
  widthMin?: number;
  /** Columns with higher numbers are dropped first; 1 is never dropped. Default 1. */
  importance?: number;
  alignRight?: boolean;
  /** Prefix of the value on narrow screens, where there are no titles. */
  label?: string;
}

const gap = "  ";

/** Below this width each row is written as lines. */
export const phoneColumnsMax = 56;

/** Formats a table in lines of at most `columns`. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  view: { columns: number; paint: Paint },
): string[] {
  const cells = rows.map((row) => columns.map((column) => plainLine(column.value(row))));
  const shown = view.columns <= phoneColumnsMax ? undefined : fit(columns, cells, view.columns);
  if (shown === undefined) return rows.flatMap((row, index) => formatCard(row, cells[index] ?? [], columns, view));
  const header = shown.map(({ column, width }) =>
    view.paint(align(column, cutText(column.title, width), width), "dim"),
  );
  const lines = rows.map((row, index) =>
    shown.map(({ column, at, width }) => {
      const text = align(column, cutText(cells[index]?.[at] ?? "", width), width);
      return column.tone === undefined ? text : view.paint(text, column.tone(row));
    }),
  );
  return [header, ...lines].map((line) => line.join(gap).trimEnd());
}

interface ShownColumn<Row> {
  column: Column<Row>;
  at: number;
  width: number;
}

/** Undefined when what is never cut does not fit. */
function fit<Row>(
  columns: readonly Column<Row>[],
  cells: string[][],
  available: number,
): ShownColumn<Row>[] | undefined {
  let shown = columns
    .map((column, at) => ({
      column,
      at,
      width: Math.max(textWidth(column.title), ...cells.map((row) => textWidth(row[at] ?? ""))),
    }))
    .filter(({ at, column }) => (column.importance ?? 1) === 1 || cells.some((row) => row[at] !== ""));
  for (;;) {
    const over = totalWidth(shown) - available;
    if (over <= 0) return shown;
    const shrinkable = shown.reduce((sum, entry) => sum + entry.width - minimumOf(entry), 0);
    if (shrinkable >= over) return shrink(shown, over);
    const least = Math.max(...shown.map(({ column }) => column.importance ?? 1));
    if (least === 1) return undefined;
    const dropped = shown.findLast(({ column }) => (column.importance ?? 1) === least);
    shown = shown.filter((entry) => entry !== dropped);
  }
}

function totalWidth(shown: readonly { width: number }[]): number {
  return shown.reduce((sum, { width }) => sum + width, 0) + gap.length * Math.max(0, shown.length - 1);
}

function minimumOf<Row>({ column, width }: ShownColumn<Row>): number {
  return Math.min(width, column.widthMin ?? width);
}

/** Shrinks the widest columns, one character at a time. */
function shrink<Row>(shown: ShownColumn<Row>[], over: number): ShownColumn<Row>[] {
  const result = shown.map((entry) => ({ ...entry }));
  for (let left = over; left > 0; left -= 1) {
    const widest = result
      .filter(
        (entry) =>
          entry.width > minimumOf({ ...entry, width: shown.find(({ at }) => at === entry.at)?.width ?? entry.width }),
      )
      .toSorted((a, b) => b.width - a.width)[0];
    if (widest === undefined) break;
    widest.width -= 1;
  }
  return result;
}

function align<Row>(column: Column<Row>, text: string, width: number): string {
  return column.alignRight === true ? " ".repeat(Math.max(0, width - textWidth(text))) + text : padText(text, width);
}

/** Formats a row as a heading and the non-empty cells below it; a cell that is never cut is wrapped. */
function formatCard<Row>(
  row: Row,
  cells: string[],
  columns: readonly Column<Row>[],
  view: { columns: number; paint: Paint },
): string[] {
  const [title = "", ...rest] = cells;
  const lines: string[] = [];
  let line = "";
  let width = 0;
  for (const [index, cell] of rest.entries()) {
    const column = columns[index + 1];
    if (cell === "" || cell === "-" || column === undefined) continue;
    const text = column.label === undefined ? cell : `${column.label} ${cell}`;
    const room = view.columns - indent.length;
    const isOnLine = width > 0 && width + dot.length + textWidth(text) <= room;
    if (width > 0 && !isOnLine) {
      lines.push(indent + line);
      line = "";
      width = 0;
    }
    const [shown = "", ...more] =
      column.widthMin === undefined ? wrapText(text, room).toReversed() : [cutText(text, room)];
    lines.push(...more.toReversed().map((part) => indent + part));
    line += (isOnLine ? view.paint(dot, "dim") : "") + view.paint(shown, column.tone?.(row) ?? "plain");
    width += (isOnLine ? dot.length : 0) + textWidth(shown);
  }
  if (line !== "") lines.push(indent + line);
  const heading = columns[0]?.widthMin === undefined ? wrapText(title, view.columns) : [cutText(title, view.columns)];
  return [...heading.map((part) => view.paint(part, "strong")), ...lines];
}

const indent = "  ";
const dot = " · ";
