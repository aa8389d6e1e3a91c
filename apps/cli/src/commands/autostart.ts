/** `roost autostart`: starts a home when its user logs in, by systemd or launchd. */
import { readGatewayUrl } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import type { Command } from "commander";
import { openOwnAutostart } from "../autostart/open-own-autostart.ts";
import { readStartSettings } from "../autostart/read-start-settings.ts";
import type { CliContext } from "../cli-context.ts";

export function addAutostartCommands(program: Command, context: CliContext): void {
  const autostart = program
    .command("autostart")
    .summary("start Roost at login")
    .description(
      "Starts the home in ROOST_HOME when you log in, by a systemd user unit (Linux) or a launchd agent (macOS), and again when it fails.",
    );
  autostart
    .command("install")
    .description(
      "Installs the unit or agent and starts it, unless the home runs already. Keeps the variables of this environment that roost up reads, API keys included, in a file that only you can read. Without systemd prints the file.",
    )
    .action(() => install(context));
  autostart
    .command("remove")
    .description("Stops the home if it was started so, and removes the unit or agent.")
    .action(async () => {
      const { unit, remove } = await openOwnAutostart(context);
      const removed = await remove();
      if (context.terminal.isJson) return context.terminal.json({ file: unit.file.path, removed });
      context.terminal.line(removed ? `Removed ${unit.file.path}` : "Autostart is not installed for this home");
    });
  autostart
    .command("status")
    .description("Says whether autostart is installed for this home, and whether it runs by it.")
    .action(async () => {
      const { kind, unit, status } = await openOwnAutostart(context);
      const { isInstalled, isRunning } = await status();
      if (context.terminal.isJson)
        return context.terminal.json({ kind, name: unit.name, file: unit.file.path, isInstalled, isRunning });
      context.terminal.line(
        isInstalled
          ? `Installed as ${unit.name}, ${isRunning ? "running" : "not running"}: ${unit.file.path}`
          : context.terminal.named(`Not installed for this home (${kind}): roost autostart install`),
      );
    });
}

async function install(context: CliContext): Promise<void> {
  const { terminal, config } = context;
  const autostart = await openOwnAutostart(context);
  const { kind, unit } = autostart;
  const trouble = await autostart.findTrouble();
  if (trouble !== undefined) {
    context.exitWith(exitCodeOf("unavailable"));
    if (terminal.isJson) return terminal.json({ kind, name: unit.name, file: unit.file, installed: false, trouble });
    terminal.note(`roost: ${kind} of this user cannot be reached, so nothing was installed (${trouble})`, "bad");
    terminal.note(`This belongs into ${unit.file.path}:`);
    return terminal.write(unit.file.text);
  }
  const isRunning = await isHomeRunning(config.homeDir);
  await autostart.install({ startsNow: !isRunning });
  const { name, file } = unit;
  if (terminal.isJson) return terminal.json({ kind, name, file: file.path, installed: true, started: !isRunning });
  terminal.line(`Installed ${unit.file.path}`);
  const kept = Object.keys(await readStartSettings(config.homeDir, config.environment));
  if (kept.length > 0) terminal.line(`Kept for its start: ${kept.join(", ")}`);
  terminal.line(
    isRunning
      ? "Roost runs already: it starts by itself from your next login on"
      : terminal.named("Roost is starting: roost status shows when it is up"),
  );
  if (kind === "systemd") terminal.note("To start it at boot, before you log in: loginctl enable-linger", "dim");
}

async function isHomeRunning(homeDir: string): Promise<boolean> {
  const url = await readGatewayUrl(homeDir).catch(() => undefined);
  if (url === undefined) return false;
  return (await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)) !== undefined;
}
