/**
 * Finds the agent that a message is meant for; where that is not clear, a small model is asked, if the home has one for it, and else the person, whose answer is remembered. Without being told to, a message
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

type Client = Pick<RoostClient, "findRoute" | "decideRoute" | "correctRoute">;

/** Undefined: main. `isAsked`: the person wants it routed. */
export async function routeMessage(
  context: CliContext,
  client: Client,
  { message, isAsked }: { message: string; isAsked: boolean },
): Promise<string | undefined> {
  const { terminal } = context;
  const text = message.slice(0, routeTextCharsMax);
  const first = await (isAsked ? client.findRoute({ text }) : findSoon(client, text));
  const isOpen = (found: FoundRouteRecord | undefined) =>
    isAsked ? found?.state === "unsure" : found?.advice === "ask";
  const found = isOpen(first) ? ((await orNothing(client.decideRoute({ text }))) ?? first) : first;
  const target = isAsked || found?.advice === "go" ? found?.target : undefined;
  if (target != null && target.id !== defaultAgent) {
    const undo = isAsked ? "" : " (--no-route sends it to main)";
    return goTo(context, target, `${found?.why}${target.kind === "agent" ? undo : ""}`);
  }
  const chosen = isOpen(found) && terminal.isInteractive ? await askPerson(context, found!) : undefined;
  if (chosen !== undefined) {
    await client.correctRoute({ text, kind: chosen.kind, id: chosen.id });
    if (chosen.id !== defaultAgent) return goTo(context, chosen, "as you say");
  }
  if (isAsked) terminal.note("To main: it is not clearly meant for another agent", "dim");
  return undefined;
}

type Target = Pick<FoundRouteRecord["near"][number], "kind" | "id">;

/** Main has the domains and skills: what is meant for one is main's. */
function goTo({ terminal }: CliContext, { kind, id }: Target, why: string): string | undefined {
  const where = kind === "agent" ? `To ${id}` : `To main, for the ${kind} ${id}`;
  terminal.note(plainLine(`${where}: ${why}`), "dim");
  return kind === "agent" ? id : undefined;
}

/** What cannot be told soon is main's. */
function findSoon(client: Client, text: string): Promise<FoundRouteRecord | undefined> {
  const late = delay(waitMs, { keepAlive: false }).then(() => undefined);
  return Promise.race([orNothing(client.findRoute({ text })), late]);
}

/** @throws when the gateway is away, or does not know the caller */
function orNothing(finding: Promise<FoundRouteRecord>): Promise<FoundRouteRecord | undefined> {
  return finding.catch((error: unknown) => {
    const { code } = toRoostError(error);
    if (code === "unavailable" || code === "unauthenticated") throw error;
    return undefined;
  });
}

/** Undefined: there is nothing to choose. */
async function askPerson(
  { terminal, stdin, stdout }: CliContext,
  { near }: FoundRouteRecord,
): Promise<Target | undefined> {
  const others = near.filter(({ id }) => id !== defaultAgent);
  if (others.length === 0) return undefined;
  for (const [index, { kind, id, title }] of others.entries()) {
    const name = kind === "agent" ? id : `${kind} ${id}`;
    terminal.line(plainLine(`${index + 1} ${name}${title === id ? "" : `: ${title}`}`));
  }
  const input = createInterface({ input: stdin, output: stdout });
  try {
    const said = await input.question("What is it meant for? A number, or Enter for main > ");
    return others[Number(said.trim()) - 1] ?? { kind: "agent", id: defaultAgent };
  } finally {
    input.close();
  }
}
