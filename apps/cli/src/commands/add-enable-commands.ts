/** `roost service enable|disable`: which services run, as roost.yaml says it. On the host of the home; comments stay. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RoostError, writeFileDurably } from "@roost/base";
import { findServiceFolders, folderOf } from "@roost/service/folders";
import type { Command } from "commander";
import { isSeq, parseDocument, YAMLSeq } from "yaml";
import type { CliContext } from "../cli-context.ts";

const ownParent = fileURLToPath(new URL("../../../../services", import.meta.url));

export function addEnableCommands(service: Command, context: CliContext): void {
  service
    .command("enable")
    .description("Adds a service to services in roost.yaml: it runs from the next start on. On the host of the home.")
    .argument("<name>", "name of a folder below services/ of Roost or of the home")
    .action(async (name: string) => {
      folderOf(await findServiceFolders([ownParent, join(context.config.homeDir, "services")]), name);
      await change(context, name, true);
    });
  service
    .command("disable")
    .description(
      "Takes a service out of services in roost.yaml: it does not run after the next start; its tables stay. On the host of the home.",
    )
    .argument("<name>", "name of the service")
    .action(async (name: string) => await change(context, name, false));
}

async function change({ config, terminal }: CliContext, name: string, isEnabled: boolean): Promise<void> {
  const path = join(config.homeDir, "roost.yaml");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new RoostError("unavailable", `${path} cannot be read: ${error.code}`, { cause: error });
  });
  const changed = withService(text, { path, name, isEnabled });
  if (changed !== undefined)
    await writeFileDurably(path, changed, { mode: ((await stat(path).catch(() => undefined))?.mode ?? 0o600) & 0o777 });
  if (terminal.isJson) return terminal.json({ service: name, isEnabled, isChanged: changed !== undefined });
  const state = isEnabled ? "enabled" : "disabled";
  if (changed === undefined) return terminal.line(`${name} is ${state} already`);
  terminal.line(`${name} ${state} in ${path}`);
  terminal.note("It applies from the next start on: roost down, then roost up");
}

/** The text of roost.yaml with the change; undefined when it says so already. */
function withService(
  text: string,
  { path, name, isEnabled }: { path: string; name: string; isEnabled: boolean },
): string | undefined {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new RoostError("invalid_input", `${path}: ${error.message}`);
  const found = document.get("services");
  if (found !== undefined && found !== null && !isSeq(found))
    throw new RoostError("invalid_input", `${path}: services is no list: write services: [${name}]`);
  const services = isSeq(found) ? found : new YAMLSeq();
  const place = services.items.findIndex((item) => String(item) === name);
  if (isEnabled === place >= 0) return undefined;
  if (isEnabled) services.add(document.createNode(name));
  else services.delete(place);
  services.flow = services.flow ?? services.items.length === 0;
  if (!isSeq(found)) {
    services.flow = true;
    document.set("services", services);
  }
  return document.toString({ lineWidth: 0 });
}
