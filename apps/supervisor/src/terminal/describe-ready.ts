// What a start says once everything is up: to a person, and as a document to programs.

import { formatDurationMs } from "@roost/base";
import type { ReadyMessage } from "../children/child-messages.ts";
import type { ProcessTerminal } from "./create-terminal.ts";

export interface ReadyFacts {
  home: string;
  log: string;
  elapsedMs: number;
  gateway: ReadyMessage;
  isDetached: boolean;
}

/** The same for programs: the document of `roost up --json`. */
export function readyDocument({ home, log, elapsedMs, gateway }: ReadyFacts): { [field: string]: unknown } {
  return {
    url: gateway.url,
    signInUrl: signInUrlOf(gateway),
    model: gateway.model ?? null,
    notices: gateway.notices ?? [],
    home,
    log,
    pid: process.pid,
    elapsedMs: Math.round(elapsedMs),
  };
}

function signInUrlOf({ url, signInCode }: Pick<ReadyMessage, "url" | "signInCode">): string | undefined {
  return url === undefined || signInCode === undefined ? undefined : `${url}/#sign-in=${signInCode}`;
}

/** What the person reads when everything is up: the address, the model, what is active, and next steps, one command a line. */
export function describeReady(facts: ReadyFacts, terminal: Pick<ProcessTerminal, "strong" | "faint">): string {
  const { gateway } = facts;
  const { strong, faint } = terminal;
  const signInUrl = signInUrlOf(gateway);
  const model =
    gateway.model === undefined || gateway.model === null
      ? [
          `${strong("No model")}: Roost rehearses. Schedules, contexts, tools and records are real; replies are marked, and nothing has an effect. Choose a model in the browser, or set OPENROUTER_API_KEY, OPENAI_API_KEY, or ROOST_MODEL_URL and ROOST_MODEL_KEY, or run Ollama; then restart.`,
        ]
      : [`Model: ${strong(gateway.model)}`];
  return [
    "",
    `Roost is up at ${strong(gateway.url ?? "an unknown address")} ${faint(`(${formatDurationMs(facts.elapsedMs)})`)}`,
    ...(signInUrl === undefined
      ? []
      : [
          "",
          "Open it in a browser: this link signs you in, once, within five minutes (for another: roost open)",
          `  ${strong(signInUrl)}`,
        ]),
    "",
    ...model,
    ...(gateway.notices ?? []),
    "",
    faint("Or talk to it here; see what is running, waiting and due next:"),
    '  roost ask "what can you do for me?"',
    "  roost ps",
    "",
    faint(`Home: ${facts.home}`),
    faint(`Log:  ${facts.log}`),
    faint(`Stop: ${facts.isDetached ? "roost down" : "Ctrl-C"}`),
    "",
  ].join("\n");
}
