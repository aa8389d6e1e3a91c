import { tmpdir } from "node:os";
import { createFakeClock } from "@roost/base";
import type { ServiceCli } from "@roost/service/cli";
import { Command } from "commander";
import { addCommands } from "./cli.ts";
import type { TestPeeps } from "./open-peeps.fixture.ts";

/** Runs `roost peeps …` against the service; returns what it printed. */
export async function runPeeps({ client }: TestPeeps, ...args: string[]): Promise<string> {
  let out = "";

  const line = (text = ""): void => void (out += `${text}\n`);
  const cli: ServiceCli = {
    clock: createFakeClock(0),
    secrets: { env: {}, homeDir: tmpdir() },
    startAtLogin: (purpose, words) =>
      Promise.resolve({ file: `/u/${purpose}`, text: words.join(" "), trouble: "there is no launchctl" }),
    stopAtLogin: () => Promise.resolve(false),
    readZone: () => Promise.resolve("Europe/Stockholm"),
    connect: () => Promise.resolve(client as never),
    terminal: {
      isJson: false,
      line,
      note: line,
      write: (text) => void (out += text),
      json: (value) => line(JSON.stringify(value)),
      table: (rows, columns, whenEmpty) => {
        if (rows.length === 0) line(whenEmpty);
        for (const row of rows) line(columns.map((column) => column.value(row)).join(" | "));
      },
      progress: () => ({ update: () => undefined, [Symbol.dispose]: () => undefined }),
    },
  };
  const program = new Command("roost").exitOverride();
  addCommands(program.command("peeps"), cli);
  await program.parseAsync(["peeps", ...args], { from: "user" });
  return out;
}
