// Identifies a process by pid and start time, because pids are reused.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** `<pid>-<start>`, or undefined when there is no such live process. Zombies count as dead. */
export function readProcessIdentity(pid) {
  const start = readStart(pid);
  return start === undefined ? undefined : `${pid}-${start}`;
}

function readStart(pid) {
  if (process.platform === "linux") return readLinuxStart(pid);
  if (process.platform === "win32") return isAlive(pid) ? "0" : undefined;
  return readStartByPs(pid);
}

function readLinuxStart(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses can itself hold spaces and parentheses. Fields: proc(5), from the third on.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    // Start ticks count from boot, so the boot id is part of the identity.
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
    return `${boot}.${fields[19]}`;
  } catch {
    return undefined;
  }
}

function readStartByPs(pid) {
  try {
    const [state, ...start] = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
    })
      .trim()
      .split(/\s+/);
    return state === undefined || state.startsWith("Z") ? undefined : start.join("").replaceAll(":", "");
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
