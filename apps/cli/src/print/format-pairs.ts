/** Formats names and values in two columns, wrapped to the width; pairs without a value are left out. */
import type { Paint } from "./create-paint.ts";
import { textWidth, wrapText } from "@roost/base/text-width";

/** Values may be painted but must otherwise be plain. */
export function formatPairs(pairs: readonly [string, string][], view: { columns: number; paint: Paint }): string[] {
  const shown = pairs.filter(([, value]) => value !== "");
  const nameWidth = Math.max(0, ...shown.map(([name]) => textWidth(name)));
  const room = Math.max(10, view.columns - nameWidth - 2);
  return shown.flatMap(([name, value]) => {
    const lines = value.includes("\x1b") ? [value] : value.split("\n").flatMap((line) => wrapText(line, room));
    return lines.map((line, index) => {
      const label = index === 0 ? name : "";
      return `${view.paint(label, "dim")}${" ".repeat(nameWidth - textWidth(label) + 2)}${line}`;
    });
  });
}
