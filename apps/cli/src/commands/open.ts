/** `roost open`: opens the console in a browser, signed in. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { writeFileDurably } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";

const openers: Readonly<Record<string, readonly string[]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
  linux: ["xdg-open"],
};

export function addOpenCommand(program: Command, context: CliContext): void {
  program
    .command("open")
    .summary("open the console in a browser")
    .description(
      "Prints a link that signs one browser in, once, within five minutes; on a terminal of this machine it opens the browser, too.",
    )
    .option("--no-browser", "only print the link")
    .action(async ({ browser }: { browser: boolean }) => {
      const { terminal, config } = context;
      const { client, url } = await context.connect();
      const { code, expiresAt } = await client.createSignInCode();
      const link = `${url}/#sign-in=${code}`;
      if (terminal.isJson) return terminal.json({ link, expiresAt });
      terminal.line(link);
      const opener = openers[process.platform];
      if (browser && opener !== undefined && context.stdin.isTTY === true && config.url === undefined)
        await openPage(opener, { link, homeDir: config.homeDir });
    });
}

/** Through a page that only this user can read: others of the machine see the arguments of a process. */
async function openPage(opener: readonly string[], { link, homeDir }: { link: string; homeDir: string }) {
  const path = join(homeDir, ".roost", "open.html");
  const page = `<!doctype html><meta charset="utf-8"><title>Roost</title><meta http-equiv="refresh" content="0;url=${link}">\n`;
  await writeFileDurably(path, page, { mode: 0o600 });
  const [program = "", ...args] = opener;
  // Without a browser there is still the link.
  spawn(program, [...args, path], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
