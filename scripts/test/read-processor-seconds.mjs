import { existsSync, readFileSync } from "node:fs";

/** Processor time of this process and of all that it has waited for; NaN where there is no /proc. */
export function readProcessorSeconds() {
  const stat = "/proc/self/stat";
  if (!existsSync(stat)) return Number.NaN;
  // A name with spaces may stand before ")"; the kernel counts hundredths of seconds.
  const fields = readFileSync(stat, "utf8").split(") ").at(-1).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
  return ticks / 100;
}
