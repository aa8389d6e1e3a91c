/** The command of a service, from `services/<name>/cli.ts` of Roost: loaded when it is called, so that others start without it. */
import { stat } from "node:fs/promises";
import type { ServiceContract } from "@roost/contract";
import { plainText } from "@roost/base/text-width";
import { createHttpClient, type ClientOf } from "@roost/contract/client";
import type { ServiceCli } from "@roost/service/cli";
import type { Command } from "commander";
import { openOwnAutostart } from "../autostart/open-own-autostart.ts";
import type { CliContext } from "../cli-context.ts";
import { readHomeZone } from "../home-zone.ts";

export interface ServiceCommand {
  name: string;
  /** Adds what may stand after the name. */
  addCommands(command: Command, cli: ServiceCli): void;
}

/** Undefined: there is no such service, or it has no command. */
export async function loadServiceCommand(word: string | undefined): Promise<ServiceCommand | undefined> {
  if (word === undefined || !/^[a-z][a-z0-9-]{0,30}$/.test(word)) return undefined;
  const url = new URL(`../../../../services/${word}/cli.ts`, import.meta.url);
  if ((await stat(url).catch(() => undefined)) === undefined) return undefined;
  const { addCommands } = (await import(url.href)) as Pick<ServiceCommand, "addCommands">;
  return { name: word, addCommands };
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
