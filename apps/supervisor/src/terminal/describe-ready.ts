import type { ReadyMessage } from "../children/child-messages.ts";
import type { ProcessTerminal } from "./create-terminal.ts";

export interface ReadyFacts {
  home: string;
  log: string;
  elapsedMs: number;
  gateway: ReadyMessage;
  isDetached: boolean;
}

/** What the person reads when everything is up: the address, next steps, and the model. */
export function describeReady(facts: ReadyFacts, terminal: Pick<ProcessTerminal, "strong" | "faint">): string {
  const { gateway } = facts;
  const { strong, faint } = terminal;
  const model =
    gateway.model === undefined || gateway.model === null
      ? [
          `${strong("No model")}: Roost rehearses. Schedules, contexts, tools and records are real; replies are marked, and nothing has an effect.`,
          "  Set OPENROUTER_API_KEY, OPENAI_API_KEY, or ROOST_MODEL_URL and ROOST_MODEL_KEY, or run Ollama; then restart.",
        ]
      : [`Model: ${strong(gateway.model)}`];
  return [
    "",
    `Roost is up at ${strong(gateway.url ?? "an unknown address")} ${faint(`(${(facts.elapsedMs / 1000).toFixed(1)} s)`)}`,
    "",
    ...model,
    ...(gateway.notices ?? []),
    "",
    `  npx roost ask "what can you do for me?"   ${faint("talk to it")}`,
    `  npx roost ps                              ${faint("what is running, waiting and due next, and why")}`,
    "",
    faint(`Home ${facts.home} · log ${facts.log} · ${facts.isDetached ? "npx roost down" : "Ctrl-C"} stops it`),
    "",
  ].join("\n");
}
