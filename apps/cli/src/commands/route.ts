/** `roost route`: whom a question or command is meant for, and why; and how to correct it. */
import { RoostError } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";

export function addRouteCommand(program: Command, context: CliContext): void {
  program
    .command("route")
    .summary("see which agent a question is meant for")
    .description(
      "Shows which agent or domain a question or command is meant for, by words alone: no model is called. With --is you say whom it was meant for, and later ones like it are decided so.",
    )
    .argument("<text...>", "the question or command")
    .option("--is <agent>", "correct it: it is meant for this agent")
    .action(async (words: string[], { is }: { is?: string }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const text = words.join(" ");
      if (text.trim() === "") throw new RoostError("invalid_input", "there is no text: give one with roost route TEXT");
      if (is !== undefined) await client.correctRoute({ text, kind: "agent", id: is });
      const found = await client.findRoute({ text });
      if (terminal.isJson) return terminal.json(found);
      const { state, target, why, near } = found;
      if (state === "none") terminal.line("It is meant for none of them: main answers");
      else if (target === null) terminal.line("It is not clear whom it is meant for");
      else terminal.line(plainLine(`${target.kind} ${target.id}: ${why}`));
      if (near.length === 0) return;
      terminal.table(
        near,
        [
          { title: "NEAR", value: ({ id }) => id, widthMin: 10 },
          { title: "KIND", value: ({ kind }) => kind },
          { title: "LIKELY", value: ({ probability }) => `${(100 * probability).toFixed(0)} %`, alignRight: true },
          { title: "TITLE", value: ({ title }) => title, widthMin: 10, importance: 2 },
        ],
        "",
      );
    });
}
