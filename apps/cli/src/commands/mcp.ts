/** `roost mcp`: the home as a server of the Model Context Protocol on standard streams, for programs that start their servers themselves. */
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { bridgeStdio } from "../mcp/bridge-stdio.ts";

export function addMcpCommand(program: Command, context: CliContext): void {
  program
    .command("mcp")
    .summary("serve the Model Context Protocol on stdin and stdout")
    .description(
      "Serves the Model Context Protocol on standard input and output, as the gateway does at /mcp. It may do what the key in ROOST_TOKEN may, without one what the home's token may.",
    )
    .action(async () => {
      const { stdin, stdout } = context;
      await bridgeStdio({
        input: stdin,
        write: (line) => void stdout.write(line),
        connect: () => context.connect({ isQuiet: true }),
      });
    });
}
