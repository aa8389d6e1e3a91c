/** The supervisor as a process, for tests that kill it: real except for the programs it starts. */
import { fileURLToPath } from "node:url";
import { readProcessIdentity } from "@roost/base";
import { readSupervisorConfig } from "../config.ts";
import { listenForStop } from "../listen-for-stop.ts";
import { readArguments } from "../read-arguments.ts";
import { superviseHome } from "../supervise-home.ts";
import { createTerminal } from "../terminal/create-terminal.ts";

const child = fileURLToPath(new URL("child-program.ts", import.meta.url));
const homeTemplate = fileURLToPath(new URL("home-template", import.meta.url));
const terminal = createTerminal({
  write: (text) => void process.stdout.write(text),
  isTerminal: false,
  hasColor: false,
  columns: () => 200,
  command: "roost",
});
const { stopWith, first } = readArguments(process.argv.slice(2));
const starters = stopWith.map((pid) => readProcessIdentity(pid) ?? "gone");
using signals = listenForStop({ starters });

try {
  await superviseHome({
    config: readSupervisorConfig(),
    terminal,
    paths: {
      gateway: child,
      worker: child,
      services: child,
      relay: child,
      scheduler: child,
      homeTemplate,
      exampleHome: homeTemplate,
      compileCache: "",
    },
    first,
    starters,
    stop: signals.stop,
    force: signals.force,
    onReady(gateway) {
      terminal.text(`ready at ${gateway.url} with ${gateway.model}`);
      process.send?.({ ready: { url: gateway.url } });
    },
  });
} catch (error) {
  terminal.text(`${(error as { code?: string }).code}: ${(error as Error).message}`);
  process.exitCode = 1;
}
