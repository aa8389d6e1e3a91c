// Finds the npm that runs this script. npm puts a shell in between, which survives when npm is killed.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ancestorsMax = 3;

/** @returns {number | undefined} */
export function findNpmProcess() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === "win32") return undefined;
  let pid = process.ppid;
  for (let step = 0; step < ancestorsMax && pid > 1; step += 1) {
    const found = describeProcess(pid);
    if (found === undefined) return undefined;
    // npm names its process "npm start"; older ones are npm-cli.js.
    if (/^npm\b|npm-cli\.js/.test(found.command)) return pid;
    pid = found.parentPid;
  }
  return undefined;
}

function describeProcess(pid) {
  try {
    if (process.platform !== "linux") return describeByPs(pid);
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const parentPid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    return { parentPid, command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ") };
  } catch {
    return undefined;
  }
}

function describeByPs(pid) {
  const [, parentPid, command] = /^\s*(\d+)\s+(.*)$/m.exec(
    execFileSync("ps", ["-o", "ppid=,command=", "-p", String(pid)], { encoding: "utf8" }),
  );
  return { parentPid: Number(parentPid), command };
}
