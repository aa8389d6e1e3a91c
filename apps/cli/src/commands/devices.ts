/** `roost devices …`: phones, tablets and browsers that are the person's. */
import { plainLine } from "@roost/base/text-width";
import type { TokenRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import { renderUnicodeCompact } from "uqr";
import type { CliContext } from "../cli-context.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { collectOption } from "../parse-option.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";
import { addTokenRevoke, lastSeenColumn } from "./keys.ts";

const devicesMax = 5_000;

export function addDevicesCommands(program: Command, context: CliContext): void {
  const devices = program
    .command("devices")
    .summary("pair a phone or a browser, list and revoke them")
    .description("Pairs phones, tablets and browsers with the home, lists them, and revokes one that is lost.");
  addList(devices, context);
  addPair(devices, context);
  addTokenRevoke(devices, context, {
    description: "Revokes a device: what it sends is refused from now on, and its open streams end.",
    argument: "<device>",
  });
}

function addList(devices: Command, context: CliContext): void {
  devices
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists devices with what they may do and when each was last seen.")
    .option("-a, --all", "include revoked devices")
    .allowExcessArguments()
    .action(async ({ all }: { all?: boolean }, list: Command) => {
      refuseUnknownCommand(devices, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages(
        (page) => client.listTokens({ ...page, kind: "device", withRevoked: all === true }),
        devicesMax,
      );
      if (terminal.isJson) return terminal.json({ devices: rows });
      terminal.table(rows, columns(clock.nowMs()), "There are no devices; pair one with roost devices pair");
    });
}

function addPair(devices: Command, context: CliContext): void {
  devices
    .command("pair")
    .description("Prints a code, and a link with it as a QR code, that pairs one device within five minutes.")
    .argument("[name]", "name of the device", "phone")
    .option("--scope <scope>", "a permission, such as runs:read (default: all of yours)", collectOption)
    .action(async (name: string, { scope }: { scope?: string[] }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.createPairing({ name, scopes: scope });
      if (terminal.isJson) return terminal.json(answer);
      const [link] = answer.links;
      terminal.line(answer.code);
      if (link === undefined) return;
      terminal.note(`Open this on the device within five minutes, or type the code at ${link.split("#")[0]}:`);
      terminal.line(link);
      if (terminal.isInteractive) terminal.line(renderUnicodeCompact(link, { border: 2 }));
      if (link.startsWith("http://127.0.0.1"))
        terminal.note("Only this machine can open it: docs/phone.md says how a phone reaches the home");
    });
}

function columns(nowMs: number): Column<TokenRecord>[] {
  return [
    { title: "DEVICE", value: ({ name }) => name },
    { title: "MAY", value: ({ scopes }) => plainLine(scopes.join(" ")), importance: 3 },
    { title: "PAIRED BY", value: ({ createdBy }) => plainLine(createdBy), importance: 4, label: "paired by" },
    lastSeenColumn(nowMs),
  ];
}
