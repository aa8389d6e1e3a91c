/** `roost route`: whom a question or command is meant for, and why; and how to correct it. */
import { RoostError } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import type { FoundRouteRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";

export function addRouteCommand(program: Command, context: CliContext): void {
  program
    .command("route")
    .summary("see which agent a question is meant for")
    .description(
      "Shows which agent, domain or skill a question or command is meant for: by its name, by words, and by vectors where the home has embeddings. With --is you say what it was meant for, and later ones like it are decided so.",
    )
    .argument("<text...>", "the question or command")
    .option("--is <target>", "correct it: the name of an agent, domain or skill, or KIND:NAME, such as skill:taxes")
    .option("--decide", "have the small model of routing.model decide what is not clear")
    .action(async (words: string[], { is, decide }: { is?: string; decide?: true }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const text = words.join(" ");
      if (text.trim() === "") throw new RoostError("invalid_input", "there is no text: give one with roost route TEXT");
      if (is !== undefined) await client.correctRoute({ text, ...readTarget(is) });
      const found = await (decide === true ? client.decideRoute({ text }) : client.findRoute({ text }));
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

/** `clerk`, `skill:taxes`, `domain:peeps` */
function readTarget(given: string): { kind?: FoundRouteRecord["near"][number]["kind"]; id: string } {
  const [, kind, id] = /^(agent|service|domain|skill):(.+)$/.exec(given) ?? [];
  if (kind === undefined || id === undefined) return { id: given };
  return { kind: kind === "domain" ? "service" : (kind as "agent" | "service" | "skill"), id };
}
