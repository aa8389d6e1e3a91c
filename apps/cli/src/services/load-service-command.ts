/** The command of a service, from `services/<name>/cli.ts` of Roost or of the home: loaded when it is called, so that others start without it. */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ownServicesDir, RoostError } from "@roost/base";
import type { ServiceContract } from "@roost/contract";
import { commandNames } from "@roost/contract/command-names";
import { plainText } from "@roost/base/text-width";
import { createHttpClient, type ClientOf } from "@roost/contract/client";
import type { ServiceCli } from "@roost/service/cli";
import { provideModulesTo } from "@roost/service/modules";
import type { Command } from "commander";
import { openOwnAutostart } from "../autostart/open-own-autostart.ts";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { readHomeZone } from "../home-zone.ts";
import { readPages } from "../read-pages.ts";

export interface ServiceCommand {
  name: string;
  /** Adds what may stand after the name. */
  addCommands(command: Command, cli: ServiceCli): void;
}

/**
 * Undefined: there is no such service, or it has no command. One of the home is a program of it: held like its others.
 * @throws RoostError `forbidden` for one that is held, `invalid_input` for one that cannot be loaded
 */
export async function loadServiceCommand(
  word: string | undefined,
  { config, connect }: Pick<CliContext, "config" | "connect">,
): Promise<ServiceCommand | undefined> {
  if (word === undefined || !/^[a-z][a-z0-9-]{0,30}$/.test(word)) return undefined;
  const own = join(ownServicesDir, word, "cli.ts");
  if (await isFile(own)) return await load(own, word);
  const ofHome = join(config.homeDir, "services", word, "cli.ts");
  // A command of Roost is never taken by a home, and a gateway elsewhere is of another home.
  if (config.url !== undefined || !(await isFile(ofHome)) || commandNames.has(word)) return undefined;
  await refuseHeld((await connect()).client, word);
  // For as long as the command runs: it may load more.
  provideModulesTo(config.homeDir);
  return await load(ofHome, word);
}

async function refuseHeld(client: RoostClient, service: string): Promise<void> {
  const marked = await readPages((page) => client.listFiles({ ...page, isMarked: true }), markedMax);
  const held = marked.find(({ path }) => path.startsWith(`services/${service}/`));
  if (held !== undefined)
    throw new RoostError(
      "forbidden",
      `${held.path} rests on content from outside, so the command is held until you vouch for it: roost files trust ${held.path}`,
    );
}

const markedMax = 10_000;

async function load(path: string, word: string): Promise<ServiceCommand> {
  const { addCommands } = (await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw new RoostError("invalid_input", `${path} cannot be loaded: ${(cause as Error).message}`, { cause });
  })) as Partial<ServiceCommand>;
  if (typeof addCommands !== "function")
    throw new RoostError("invalid_input", `${path} exports no function addCommands(command, cli)`);
  return { name: word, addCommands };
}

/** A link leads anywhere: it is no file of the home. */
async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() ?? false;
}

export function createServiceCli(context: CliContext): ServiceCli {
  const { terminal, clock, connect, config } = context;
  return {
    secrets: { env: config.environment, homeDir: config.homeDir },
    async startAtLogin(purpose, words) {
      const { unit, findTrouble, install } = await openOwnAutostart(context, { purpose, words });
      const trouble = await findTrouble();
      if (trouble === undefined) await install({ startsNow: true });
      return { file: unit.file.path, text: unit.file.text, trouble };
    },
    async stopAtLogin(purpose) {
      const { remove } = await openOwnAutostart(context, { purpose, words: [] });
      return await remove();
    },
    // What a service prints may come from outside.
    terminal: {
      ...terminal,
      line: (text = "") => terminal.line(plainText(text)),
      note: (text) => terminal.note(plainText(text)),
    },
    clock,
    readZone: async () => await readHomeZone((await connect()).client),
    async connect<Contract extends ServiceContract>(contract: Contract) {
      const { url, token } = await connect();
      const client = createHttpClient(contract, { baseUrl: `${url}/services/${contract.name}`, token });
      return client as ClientOf<Contract>;
    },
  };
}
