/**
 * Finds the agent that a message is meant for; where that is not clear, the person is asked, and the answer is remembered. Without being told to, a message
 * leaves main only where it names an agent or clearly means one.
 */
import { createInterface } from "node:readline/promises";
import { delay, toRoostError } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import { defaultAgent, routeTextCharsMax, type FoundRouteRecord } from "@roost/contract/operations";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";

/** Where nobody asked for a route: agents that have just changed are learned first, hundreds in seconds. */
const waitMs = 2_000;

type Client = Pick<RoostClient, "findRoute" | "correctRoute">;

/** Undefined: main. `isAsked`: the person wants it routed. */
export async function routeMessage(
  context: CliContext,
  client: Client,
  { message, isAsked }: { message: string; isAsked: boolean },
): Promise<string | undefined> {
  const { terminal } = context;
  const text = message.slice(0, routeTextCharsMax);
  const found = await (isAsked ? client.findRoute({ text }) : findSoon(client, text));
  const target = isAsked || found?.advice === "go" ? found?.target : undefined;
  if (target?.kind === "agent" && target.id !== defaultAgent) {
    const undo = isAsked ? "" : " (--no-route sends it to main)";
    terminal.note(plainLine(`To ${target.id}: ${found?.why}${undo}`), "dim");
    return target.id;
  }
  if (target != null && target.id !== defaultAgent) {
    terminal.note(plainLine(`To main, for the ${target.kind} ${target.id}: ${found?.why}`), "dim");
    return undefined;
  }
  const isOpen = isAsked ? found?.state === "unsure" : found?.advice === "ask";
  const chosen = isOpen && terminal.isInteractive ? await askPerson(context, found!) : undefined;
  if (chosen !== undefined) await client.correctRoute({ text, kind: "agent", id: chosen });
  if (chosen !== undefined && chosen !== defaultAgent) return chosen;
  if (isAsked) terminal.note("To main: it is not clearly meant for another agent", "dim");
  return undefined;
}

/** What cannot be told, or not soon, is main's. @throws when the gateway is away, or does not know the caller */
async function findSoon(client: Client, text: string): Promise<FoundRouteRecord | undefined> {
  const finding = client.findRoute({ text }).catch((error: unknown) => {
    const { code } = toRoostError(error);
    if (code === "unavailable" || code === "unauthenticated") throw error;
    return undefined;
  });
  return Promise.race([finding, delay(waitMs, { keepAlive: false }).then(() => undefined)]);
}

/** Undefined: there is no agent to choose. */
async function askPerson(
  { terminal, stdin, stdout }: CliContext,
  { near }: FoundRouteRecord,
): Promise<string | undefined> {
  const agents = near.filter(({ kind, id }) => kind === "agent" && id !== defaultAgent);
  if (agents.length === 0) return undefined;
  for (const [index, { id, title }] of agents.entries())
    terminal.line(plainLine(`${index + 1} ${id}${title === id ? "" : `: ${title}`}`));
  const input = createInterface({ input: stdin, output: stdout });
  try {
    const said = await input.question("Whom is it meant for? A number, or Enter for main > ");
    return agents[Number(said.trim()) - 1]?.id ?? defaultAgent;
  } finally {
    input.close();
  }
}
