/** systemd or launchd of this user: installs, removes and looks up the unit of a home. */
import { execFile } from "node:child_process";
import { mkdir, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import { describeLaunchdAgent, describeSystemdUnit, type StartUnit, type StartUnitOptions } from "./start-units.ts";

export interface Autostart {
  kind: "systemd" | "launchd";
  unit: StartUnit;
  /** Why it cannot be used here; undefined when it can. */
  findTrouble: () => Promise<string | undefined>;
  /** Writes the files, for the next login; starts the unit now if told so. Leaves nothing behind when it fails. @throws unavailable */
  install: (options: { startsNow: boolean }) => Promise<void>;
  /** Returns false when it was not installed. */
  remove: () => Promise<boolean>;
  status: () => Promise<AutostartStatus>;
}

export interface AutostartStatus {
  isInstalled: boolean;
  /** Started by systemd or launchd, and running. */
  isRunning: boolean;
}

export interface AutostartOptions extends StartUnitOptions {
  platform: NodeJS.Platform;
  environment: Readonly<Record<string, string | undefined>>;
  userId: number;
}

const commandMsMax = 100_000;

/** @throws unavailable on a system without either */
export function openAutostart(options: AutostartOptions): Autostart {
  if (options.platform === "linux") return openSystemd(options);
  if (options.platform === "darwin") return openLaunchd(options);
  throw new RoostError("unavailable", `there is no autostart for ${options.platform}: use systemd in WSL`);
}

function openSystemd(options: AutostartOptions): Autostart {
  const unit = describeSystemdUnit(options);
  const systemctl = (...args: string[]) => run("systemctl", ["--user", ...args], options);
  return {
    kind: "systemd",
    unit,
    async findTrouble() {
      const { isOk, text } = await systemctl("show-environment");
      return isOk ? undefined : text;
    },
    async install({ startsNow }) {
      try {
        await write(unit);
        await expectOk(systemctl("daemon-reload"));
        await expectOk(systemctl("enable", unit.name));
        if (startsNow) await expectOk(systemctl("restart", unit.name));
      } catch (error) {
        // Without --now a home that runs already goes on.
        await systemctl("disable", ...(startsNow ? ["--now"] : []), unit.name);
        await removeFiles(unit);
        await systemctl("daemon-reload");
        throw error;
      }
    },
    async remove() {
      const isInstalled = await exists(unit.file.path);
      if (isInstalled) await systemctl("disable", "--now", unit.name);
      await removeFiles(unit);
      if (isInstalled) await systemctl("daemon-reload");
      return isInstalled;
    },
    status: async () => ({
      isInstalled: await exists(unit.file.path),
      isRunning: (await systemctl("is-active", "--quiet", unit.name)).isOk,
    }),
  };
}

function openLaunchd(options: AutostartOptions): Autostart {
  const unit = describeLaunchdAgent(options);
  const domain = `gui/${options.userId}`;
  const target = `${domain}/${unit.name}`;
  const launchctl = (...args: string[]) => run("launchctl", args, options);
  return {
    kind: "launchd",
    unit,
    async findTrouble() {
      const { isOk, text } = await launchctl("print", domain);
      return isOk ? undefined : text;
    },
    async install({ startsNow }) {
      await launchctl("bootout", target);
      try {
        await write(unit);
        // An agent starts when it is loaded; otherwise the next login loads it.
        if (startsNow) await expectOk(launchctl("bootstrap", domain, unit.file.path));
      } catch (error) {
        await removeFiles(unit);
        throw error;
      }
    },
    async remove() {
      const isInstalled = await exists(unit.file.path);
      if (isInstalled) await launchctl("bootout", target);
      await removeFiles(unit);
      return isInstalled;
    },
    status: async () => ({
      isInstalled: await exists(unit.file.path),
      isRunning: /state = running/.test((await launchctl("print", target)).text),
    }),
  };
}

async function write({ file, settingsFile }: StartUnit): Promise<void> {
  for (const each of [settingsFile, file]) {
    if (each === undefined) continue;
    await mkdir(dirname(each.path), { recursive: true });
    // It may hold keys.
    await writeFileDurably(each.path, each.text, { mode: 0o600 });
  }
}

async function removeFiles({ file, settingsFile }: StartUnit): Promise<void> {
  for (const each of [file, settingsFile]) if (each !== undefined) await rm(each.path, { force: true });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

interface Ended {
  isOk: boolean;
  /** What it printed, or why it did not start. */
  text: string;
}

function run(program: string, args: string[], { environment }: AutostartOptions): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { env: environment, timeout: commandMsMax }, (error, stdout, stderr) => {
      const isMissing = (error as NodeJS.ErrnoException | null)?.code === "ENOENT";
      const printed = `${stderr}${stdout}`.trim().replaceAll(/\s*\n\s*/g, "; ");
      resolve({ isOk: error === null, text: isMissing ? `there is no ${program}` : printed || (error?.message ?? "") });
    });
  });
}

async function expectOk(ending: Promise<Ended>): Promise<void> {
  const { isOk, text } = await ending;
  if (!isOk) throw new RoostError("unavailable", text);
}
