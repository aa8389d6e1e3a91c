/** What the figures were measured on, so that they can be compared with others. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

export function machineFacts(): string[] {
  const load = loadavg()[0] ?? 0;
  return [
    `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB memory`,
    `${readSystemName()}, kernel ${release()}, Node ${process.version}`,
    `load before the first measurement: ${load.toFixed(1)}${load > availableParallelism() / 2 ? " (others work on this machine too: times are longer than they need be)" : ""}`,
  ];
}

function readSystemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}
