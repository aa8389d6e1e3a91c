/** `roost service enable|disable`: which services run, as roost.yaml says it, also while Roost runs. On the host of the home; comments stay. */
import { join } from "node:path";
import { ownServicesDir, RoostError, toRoostError } from "@roost/base";
import type { ServiceRecord } from "@roost/contract/operations";
import { exitCodeOf } from "@roost/contract/status-codes";
import { findServiceFolders, folderOf } from "@roost/service/folders";
import type { Command } from "commander";
import { isSeq, YAMLSeq, type Document } from "yaml";
import type { CliContext } from "../cli-context.ts";
import { keepTrying } from "../guarded/keep-trying.ts";
import { changeSettings } from "./change-settings.ts";

export function addEnableCommands(service: Command, context: CliContext): void {
  service
    .command("enable")
    .description("Adds a service to services in roost.yaml, and waits until it runs. On the host of the home.")
    .argument("<name>", "name of a folder below services/ of Roost or of the home")
    .action(async (name: string) => {
      folderOf(await findServiceFolders([ownServicesDir, join(context.config.homeDir, "services")]), name);
      await change(context, name, true);
    });
  service
    .command("disable")
    .description(
      "Takes a service out of services in roost.yaml, and waits until it has ended; its tables stay. On the host of the home.",
    )
    .argument("<name>", "name of the service")
    .action(async (name: string) => await change(context, name, false));
}

async function change(context: CliContext, name: string, isEnabled: boolean): Promise<void> {
  const { terminal } = context;
  const { path, isChanged } = await changeSettings(context, (document, path) =>
    enable(document, { path, name, isEnabled }),
  );
  const state = isEnabled ? "enabled" : "disabled";
  if (!isChanged) {
    if (terminal.isJson) return terminal.json({ service: name, isEnabled, isChanged: false });
    return terminal.line(`${name} is ${state} already`);
  }
  if (!terminal.isJson) terminal.line(`${name} ${state} in ${path}`);
  const now = await waitUntilApplied(context, name, isEnabled);
  if (now?.state === "blocked") context.exitWith(exitCodeOf("unavailable"));
  if (terminal.isJson) return terminal.json({ service: name, isEnabled, isChanged: true, ...now });
  if (now?.state === "running") terminal.line(`${name} runs`);
  else if (now?.state === "blocked") terminal.note(`${name} cannot run: ${now.reason}`);
  else if (now?.state === "off") terminal.line(`${name} has ended`);
  else if (now === undefined) terminal.note("Roost is not running: it applies from the next start on");
  else terminal.note(`Roost has not taken it up yet (${now.reason ?? now.state}): see roost status`);
}

/** As long as a person waits; a first start creates a role, a schema and tables. */
const waitMsMax = 30_000;

/** What has become of it; undefined: no home is running that could take it up. */
async function waitUntilApplied(
  { connect, clock, terminal }: CliContext,
  name: string,
  isEnabled: boolean,
): Promise<Pick<ServiceRecord, "state" | "reason"> | undefined> {
  const connection = await connect({ isQuiet: true }).catch(() => undefined);
  if (connection === undefined) return undefined;
  const { client } = connection;
  let last: Pick<ServiceRecord, "state" | "reason"> = { state: "stopped", reason: null };
  using _progress = terminal.progress(`Waiting until ${name} ${isEnabled ? "runs" : "has ended"}`);
  const look = async () => {
    const { service } = await client.getService({ name }).catch((error: unknown) => {
      // Its name is not in the address table yet.
      if (toRoostError(error).code === "not_found") throw new RoostError("unavailable", "not yet");
      throw error;
    });
    last = { state: service.state, reason: service.reason };
    const isThere = isEnabled ? ["running", "blocked"].includes(service.state) : service.state === "off";
    if (!isThere) throw new RoostError("unavailable", "not yet");
  };
  await keepTrying(look, { clock, forMs: waitMsMax }).catch((error: unknown) => {
    if (!toRoostError(error).retryable) throw error;
  });
  return last;
}

/** False when it says so already. */
function enable(
  document: Document,
  { path, name, isEnabled }: { path: string; name: string; isEnabled: boolean },
): boolean {
  const found = document.get("services");
  if (found !== undefined && found !== null && !isSeq(found))
    throw new RoostError("invalid_input", `${path}: services is no list: write services: [${name}]`);
  const services = isSeq(found) ? found : new YAMLSeq();
  const place = services.items.findIndex((item) => String(item) === name);
  if (isEnabled === place >= 0) return false;
  if (isEnabled) services.add(document.createNode(name));
  else services.delete(place);
  services.flow = services.flow ?? services.items.length === 0;
  if (!isSeq(found)) {
    services.flow = true;
    document.set("services", services);
  }
  return true;
}
