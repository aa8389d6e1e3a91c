/** Finds the agent that a message is meant for; where that is not clear, the person is asked, and the answer is remembered. */
import { createInterface } from "node:readline/promises";
import { plainLine } from "@roost/base/text-width";
import { routeTextCharsMax, type FoundRouteRecord } from "@roost/contract/operations";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";

/** Undefined: main. */
export async function routeMessage(
  context: CliContext,
  client: Pick<RoostClient, "findRoute" | "correctRoute">,
  message: string,
): Promise<string | undefined> {
  const { terminal } = context;
  const text = message.slice(0, routeTextCharsMax);
  const found = await client.findRoute({ text });
  if (found.state === "decided" && found.target?.kind === "agent") {
    terminal.note(plainLine(`To ${found.target.id}: ${found.why}`), "dim");
    return found.target.id;
  }
  const chosen = found.state === "unsure" && terminal.isInteractive ? await askPerson(context, found) : undefined;
  if (chosen === undefined) {
    terminal.note("To main: it is not clearly meant for another agent", "dim");
    return undefined;
  }
  await client.correctRoute({ text, kind: "agent", id: chosen });
  return chosen;
}

async function askPerson(
  { terminal, stdin, stdout }: CliContext,
  { near }: FoundRouteRecord,
): Promise<string | undefined> {
  const agents = near.filter(({ kind }) => kind === "agent");
  if (agents.length === 0) return undefined;
  for (const [index, { id, title }] of agents.entries())
    terminal.line(plainLine(`${index + 1} ${id}${title === id ? "" : `: ${title}`}`));
  const input = createInterface({ input: stdin, output: stdout });
  try {
    const said = await input.question("Whom is it meant for? A number, or Enter for main > ");
    return agents[Number(said.trim()) - 1]?.id;
  } finally {
    input.close();
  }
}
