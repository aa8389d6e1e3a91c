/** Whether programs can be confined on this machine: tried once, with the reason and the remedy where they cannot. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bubblewrapArguments } from "./bubblewrap-arguments.ts";

export type FoundSandbox =
  | { isUsable: true; version: string }
  /** `reason`: a clause, "bubblewrap is not installed". */
  | { isUsable: false; reason: string; advice: string };

const probeMsMax = 10_000;

/** `program`: bwrap, as it is found in PATH. */
export async function findSandbox({ program = "bwrap", platform = process.platform } = {}): Promise<FoundSandbox> {
  if (platform !== "linux")
    return {
      isUsable: false,
      reason: `there is no sandbox for ${platform} yet`,
      advice: "run Roost on Linux to let agents run programs",
    };
  const version = await run(program, ["--version"]);
  if (version.code === "ENOENT")
    return {
      isUsable: false,
      reason: "bubblewrap is not installed",
      advice: "install it: apt install bubblewrap, dnf install bubblewrap, or apk add bubblewrap",
    };
  if (version.code !== 0) return unusable(version.said);
  const directory = await mkdtemp(join(tmpdir(), "roost-sandbox-"));
  try {
    const tried = await run(program, [...bubblewrapArguments({ directory }), "/bin/sh", "-c", "exit 0"]);
    return tried.code === 0 ? { isUsable: true, version: version.said } : await unusable(tried.said);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function unusable(said: string): Promise<FoundSandbox> {
  const reason = `bubblewrap does not work here: ${said || "it said nothing"}`;
  if (!/namespace|uid map|Operation not permitted|Permission denied|No space left/i.test(said))
    return { isUsable: false, reason, advice: "bubblewrap 0.8 or newer is needed; try bwrap --version" };
  return { isUsable: false, reason: `user namespaces are forbidden here (${said})`, advice: await howToAllow() };
}

/** By the switch that forbids them. */
async function howToAllow(): Promise<string> {
  const isOff = async (path: string, value: string) =>
    (await readFile(`/proc/sys/${path}`, "utf8").catch(() => "")).trim() === value;
  if (await isOff("kernel/unprivileged_userns_clone", "0")) return "sysctl kernel.unprivileged_userns_clone=1";
  if (await isOff("kernel/apparmor_restrict_unprivileged_userns", "1"))
    return "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap that allows userns";
  if (await isOff("user/max_user_namespaces", "0")) return "sysctl user.max_user_namespaces=10000";
  return "in a container, allow user namespaces in its security profile (seccomp, AppArmor)";
}

function run(program: string, args: string[]): Promise<{ code: number | string; said: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: probeMsMax, encoding: "utf8" }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? "killed"), said: (stdout + stderr).trim().slice(0, 300) });
    });
  });
}
