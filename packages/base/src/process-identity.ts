/** Identifies a process by its pid and start time, because pids are reused. On Windows by pid only. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { processExists } from "./process-exists.ts";

/** `<pid>-<start>`, or undefined when there is no such live process. Zombies count as dead. */
export function readProcessIdentity(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const start = readStart(pid);
  return start === undefined ? undefined : `${pid}-${start}`;
}

/** Whether the process read earlier as `identity` is still alive. */
export function isProcessAlive(identity: string): boolean {
  return readProcessIdentity(Number.parseInt(identity, 10)) === identity;
}

function readStart(pid: number): string | undefined {
  if (process.platform === "linux") return readLinuxStart(pid);
  if (process.platform === "win32") return processExists(pid) ? "0" : undefined;
  return readStartByPs(pid);
}

function readLinuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may itself hold spaces and parentheses. Fields: proc(5), from the third on.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    // Start ticks count from boot, so the boot id is part of the identity.
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
    return `${boot}.${fields[19]}`;
  } catch {
    return undefined;
  }
}

function readStartByPs(pid: number): string | undefined {
  try {
    const written = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      // The process that compares it may have another language.
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" },
    });
    const [state = "Z", ...start] = written.trim().split(/\s+/);
    return state.startsWith("Z") ? undefined : start.join("").replaceAll(":", "");
  } catch {
    return undefined;
  }
}
