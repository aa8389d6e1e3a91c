/** Checks without a gateway: Node, the home, its owner and token, disk space. */
import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { processExists, type Clock } from "@roost/base";
import { findSandbox } from "@roost/sandbox";
import { z } from "zod";
import { readHomeOwner, readJson } from "../home-owner.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Check } from "./check.ts";

const nodeMajorMin = 24;
const gibibyte = 1024 ** 3;
const freeBytesWarn = gibibyte;
const freeBytesBad = 200 * 1024 ** 2;

/** @param homeDir undefined when the gateway is remote: there is no home to check */
export async function checkMachine(homeDir: string | undefined, clock: Clock): Promise<Check[]> {
  const node = checkNode(process.version);
  if (homeDir === undefined)
    return [node, { name: "home", state: "skipped", text: "ROOST_URL names a gateway elsewhere" }];
  return [
    node,
    await checkHome(homeDir),
    await checkOwner(homeDir, clock),
    await checkToken(homeDir),
    await checkDisk(homeDir),
    await checkSandbox(),
  ];
}

/** Only agents that run programs need it. */
async function checkSandbox(): Promise<Check> {
  const found = await findSandbox();
  if (found.isUsable) return { name: "sandbox", state: "good", text: found.version };
  return { name: "sandbox", state: "warn", text: `agents cannot run programs: ${found.reason}`, advice: found.advice };
}

function checkNode(version: string): Check {
  const major = Number.parseInt(version.replace(/^v/, ""), 10);
  return major >= nodeMajorMin
    ? { name: "node", state: "good", text: version }
    : {
        name: "node",
        state: "bad",
        text: `${version} is too old`,
        advice: "run npm ci in the clone: it installs the Node that Roost needs",
      };
}

async function checkHome(homeDir: string): Promise<Check> {
  const found = await stat(homeDir).catch(() => undefined);
  if (found === undefined)
    return {
      name: "home",
      state: "bad",
      text: `${homeDir} does not exist`,
      advice: "roost up creates it, or name another with ROOST_HOME",
    };
  if (!found.isDirectory())
    return {
      name: "home",
      state: "bad",
      text: `${homeDir} is not a directory`,
      advice: "name another with ROOST_HOME",
    };
  return { name: "home", state: "good", text: homeDir };
}

/** As the supervisor leaves it: its message says what to do next, such as the statement that a superuser of the database has to run. */
const Refusal = z.object({ at: z.string(), message: z.string() });

async function checkOwner(homeDir: string, clock: Clock): Promise<Check> {
  const owner = await readHomeOwner(homeDir);
  const start = "roost up --detach";
  if (owner === undefined) {
    const check = { name: "owner", state: "bad", text: "Roost is not running for this home" } as const;
    const refusal = Refusal.safeParse(await readJson(join(homeDir, ".roost", "refusal.json")));
    if (!refusal.success) return { ...check, advice: start };
    const { at, message } = refusal.data;
    return {
      ...check,
      text: `${check.text}: its last start was refused ${relativeTime(at, clock.nowMs())}`,
      advice: message,
    };
  }
  const { pid, state } = owner;
  if (!processExists(pid))
    return {
      name: "owner",
      state: "bad",
      text: `process ${pid} owned it and has ended`,
      advice: `${start}: it continues where it stopped`,
    };
  return { name: "owner", state: state === "running" ? "good" : "warn", text: `process ${pid}, ${state}` };
}

async function checkToken(homeDir: string): Promise<Check> {
  const path = join(homeDir, ".roost", "token");
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    return {
      name: "token",
      state: "bad",
      text: `${path} is missing or belongs to another user`,
      advice: "roost up creates one; run as the owner of the home",
    };
  const mode = found.mode & 0o777;
  if (process.platform !== "win32" && (mode & 0o077) !== 0)
    return {
      name: "token",
      state: "bad",
      text: `others can read ${path} (mode ${mode.toString(8)})`,
      advice: `chmod 600 ${path}`,
    };
  return { name: "token", state: "good", text: "only its owner can read it" };
}

async function checkDisk(homeDir: string): Promise<Check> {
  const found = await statfs(homeDir).catch(() => undefined);
  if (found === undefined) return { name: "disk", state: "skipped", text: "the home does not exist" };
  const freeBytes = found.bavail * found.bsize;
  const text = `${(freeBytes / gibibyte).toFixed(1)} GiB free`;
  const advice = "free some space: PostgreSQL stops when the disk is full";
  if (freeBytes < freeBytesBad) return { name: "disk", state: "bad", text, advice };
  if (freeBytes < freeBytesWarn) return { name: "disk", state: "warn", text, advice };
  return { name: "disk", state: "good", text };
}
