/** The processes below a process: how much memory they hold, and how they are ended. A server is often started by another program (npx, a shell). */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";

interface ProcessRow {
  pid: number;
  parent: number;
  kib: number;
}

/** Their ids, the given one first, and the memory that all of them hold. Empty when it is gone. */
export async function readProcessTree(pid: number): Promise<{ pids: number[]; bytes: number }> {
  const rows = process.platform === "linux" ? readProc() : await readPs();
  const byParent = Map.groupBy(rows, ({ parent }) => parent);
  const found: ProcessRow[] = rows.filter((row) => row.pid === pid);
  for (const row of found) found.push(...(byParent.get(row.pid) ?? []));
  return { pids: found.map((row) => row.pid), bytes: found.reduce((sum, { kib }) => sum + kib * 1024, 0) };
}

/** Whether a process has stopped or ended, and starts no other. It is told to stop before it does. */
export function standsStill(pid: number): boolean {
  try {
    return /^State:\s+[TZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

/** Ends all of them at once. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It is gone.
    }
  }
}

function readProc(): ProcessRow[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const field = (of: string) => Number(new RegExp(`^${of}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      return [{ pid: Number(name), parent: field("PPid"), kib: field("VmRSS") }];
    } catch {
      return [];
    }
  });
}

async function readPs(): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,rss="], { maxBuffer: 16 * 1024 * 1024 });
  return stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, parent, kib]) => (pid && parent !== undefined && kib !== undefined ? [{ pid, parent, kib }] : []));
}
