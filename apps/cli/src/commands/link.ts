/** `roost link`: puts the command on the PATH, as a link to this clone's script. */
import { existsSync } from "node:fs";
import { lstat, mkdir, readlink, realpath, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { findOnPath, RoostError } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { roostScript } from "../clone.ts";

interface LinkOptions {
  directory?: string;
  remove?: boolean;
}

export function addLinkCommand(program: Command, context: CliContext): void {
  program
    .command("link")
    .summary("put roost on the PATH")
    .description(
      "Puts roost on the PATH of this user, as a link to this clone, so that it can be called from any directory and from a crontab. Works also when another user owns the clone.",
    )
    .option("--directory <path>", "where to put the link (default: ~/.local/bin)")
    .option("--remove", "remove the link")
    .action(async ({ directory, remove }: LinkOptions) => {
      const link = join(resolve(directory ?? join(homedir(), ".local", "bin")), "roost");
      await (remove === true ? removeLink(context, link) : createLink(context, link));
    });
}

async function createLink({ terminal, config }: CliContext, link: string): Promise<void> {
  const before = await readOwnLink(link);
  if (before !== roostScript) {
    await mkdir(join(link, ".."), { recursive: true });
    await rm(link, { force: true });
    await symlink(roostScript, link);
  }
  const path = config.environment["PATH"];
  const first = findOnPath(path);
  if (terminal.isJson) return terminal.json({ link, target: roostScript, isOnPath: first === link });
  terminal.line(`${link} leads to ${roostScript}`);
  if (first === link) return;
  const directory = join(link, "..");
  if (path?.split(delimiter).includes(directory) === true)
    return terminal.note(`Another program of this name comes first on your PATH: ${first}`, "warn");
  terminal.note(`${directory} is not on your PATH. Add this line to ~/.profile, and log in again:`, "warn");
  terminal.note(`export PATH="${directory}:$PATH"`);
}

async function removeLink({ terminal }: CliContext, link: string): Promise<void> {
  const target = await readOwnLink(link);
  await rm(link, { force: true });
  if (terminal.isJson) return terminal.json({ link, target: target ?? null, removed: target !== undefined });
  terminal.line(target === undefined ? `${link} does not exist` : `Removed ${link}`);
}

/** Where the link of this or another clone leads; undefined when there is none. @throws conflict for anything else */
async function readOwnLink(link: string): Promise<string | undefined> {
  const found = await lstat(link).catch(() => undefined);
  if (found === undefined) return undefined;
  const target = found.isSymbolicLink() ? resolve(join(link, ".."), await readlink(link)) : undefined;
  if (target !== undefined && (await leadsToClone(target))) return target;
  throw new RoostError("conflict", `${link} is not a link of Roost: move it away, or name another --directory`);
}

const cloneFiles = ["roost", "apps/cli/bin/roost.mjs"];

/** True also for one that leads nowhere, as after a clone was moved. */
async function leadsToClone(target: string): Promise<boolean> {
  const file = await realpath(target).catch(() => undefined);
  const ownFile = cloneFiles.find((each) => (file ?? target).endsWith(`/${each}`));
  if (file === undefined || ownFile === undefined) return ownFile !== undefined;
  const root = file.slice(0, -ownFile.length);
  return cloneFiles.every((each) => existsSync(root + each));
}
