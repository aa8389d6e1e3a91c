/** `roost mcp`: the home as a server of the Model Context Protocol on standard streams, for programs that start their servers themselves. */
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { bridgeStdio } from "../mcp/bridge-stdio.ts";

export function addMcpCommand(program: Command, context: CliContext): void {
  program
    .command("mcp")
    .summary("serve the Model Context Protocol on stdin and stdout")
    .description(
      "Passes messages between a program's standard streams and the home's gateway, which serves the same at /mcp. With ROOST_TOKEN it is what that key may do, else what the home's token may.",
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
