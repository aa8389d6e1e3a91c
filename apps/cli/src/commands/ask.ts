/** `roost ask`: sends a message to a session and streams the answer. */
import { createId, RoostError } from "@roost/base";
import { defaultAgent } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { createRunView } from "../conversation/create-run-view.ts";
import { followRun, type FollowedRun } from "../conversation/follow-run.ts";
import { routeMessage } from "../conversation/route-message.ts";
import { readInput } from "../conversation/read-input.ts";
import { uploadFile } from "../conversation/upload-file.ts";
import { exitCodes } from "../exit-codes.ts";
import { catchSignals } from "../processes/catch-signals.ts";

interface AskOptions {
  session?: string;
  agent?: string;
  file?: string[];
  route?: boolean;
  wait: boolean;
}

export function addAskCommand(program: Command, context: CliContext): void {
  program
    .command("ask")
    .summary("send a message and show the answer")
    .description(
      "Sends a message to main, or to the agent that it names or clearly means, and shows the answer as it is written. Piped input is added to the message, or is the message. Ctrl-C cancels the run.",
    )
    .argument("[text...]", "the message; - reads it from stdin")
    .option("-s, --session <key>", "session to send it to (default: main, or one of the agent that it is meant for)")
    .option("--agent <name>", "agent to send it to, in a session of that agent; with --session, of a new session")
    .option(
      "-f, --file <path>",
      "a file to hand over, such as a photo, of at most 20 MB; may be repeated",
      (path: string, before?: string[]) => [...(before ?? []), path],
    )
    .option(
      "--route",
      "send it to the agent that it is most likely meant for, in a session of that agent, or to main when no agent fits",
    )
    .option("--no-route", "send it to main, whatever it says")
    .option("--no-wait", "print the run's id and do not wait for the answer")
    .action(async (words: string[], options: AskOptions) => {
      const files = options.file ?? [];
      const text = await composeMessage(words, context, { hasFiles: files.length > 0 });
      const { client } = await context.connect();
      const parts = [];
      for (const path of files) {
        const { sha256, name } = await uploadFile(client, path);
        parts.push({ sha256, name });
      }
      const isPlain = options.session === undefined && options.agent === undefined;
      const isRouted = text !== "" && (options.route ?? isPlain);
      const routed = isRouted
        ? await routeMessage(context, client, { message: text, isAsked: options.route === true })
        : undefined;
      const agent = routed ?? options.agent;
      const sent = await client.sendMessage({
        sessionKey: isRouted && agent !== undefined ? sessionOf(agent) : (options.session ?? sessionOf(agent)),
        text,
        parts: parts.length === 0 ? undefined : parts,
        source: "cli",
        idempotencyKey: createId(),
        agent,
      });
      if (!options.wait) {
        if (context.terminal.isJson) context.terminal.json(sent);
        else context.terminal.line(sent.runId);
        return;
      }
      await showAnswer(context, client, sent.runId);
    });
}

/** What is said to another agent is no part of the conversation with main. */
function sessionOf(agent: string | undefined): string {
  return agent === undefined || agent === defaultAgent ? "main" : `ask:${agent}`;
}

async function composeMessage(
  words: string[],
  { stdin }: CliContext,
  { hasFiles }: { hasFiles: boolean },
): Promise<string> {
  const said = words.filter((word) => word !== "-").join(" ");
  const isPiped = words.includes("-") || (stdin.isTTY !== true && said === "" && !hasFiles);
  const piped = isPiped ? (await readInput(stdin)).trim() : "";
  const text = [said, piped].filter((part) => part !== "").join("\n\n");
  if (text.trim() === "" && !hasFiles)
    throw new RoostError("invalid_input", "there is no message: give one with roost ask TEXT, or pipe it in");
  return text;
}

/** Follows a run on the terminal until it ends and sets the exit code. Ctrl-C cancels the run if this command started it. */
export async function showAnswer(
  context: CliContext,
  client: RoostClient,
  runId: string,
  { cancels = true }: { cancels?: boolean } = {},
): Promise<void> {
  const { terminal } = context;
  const leaving = new AbortController();
  using _signals = catchSignals(cancels ? ["SIGINT", "SIGTERM"] : [], (_signal, count) => {
    if (count > 1)
      leaving.abort(new RoostError("timeout", `stopped watching; run ${runId} goes on: roost run show ${runId}`));
    else void cancel(context, client, runId).catch((error: unknown) => leaving.abort(error));
  });
  using view = createRunView(terminal);
  const followed = await followRun(client, runId, { view, signal: leaving.signal });
  if (terminal.isJson) {
    view[Symbol.dispose]();
    terminal.json(answerOf(followed));
  } else {
    view.finish(followed);
  }
  if (followed.run.state === "cancelled") context.exitWith(exitCodes.interrupted);
  else if (followed.run.state !== "done") context.exitWith(exitCodes.answerIsNo);
}

/** As printed by --json. */
export function answerOf({ run, text, parts, remark }: FollowedRun) {
  const { id: runId, state, isRehearsed, error, costUsd, tokens } = run;
  return { runId, state, text: text ?? null, parts, remark: remark ?? null, isRehearsed, error, costUsd, tokens };
}

async function cancel({ terminal }: CliContext, client: RoostClient, runId: string): Promise<void> {
  terminal.note(`Cancelling run ${runId}; press Ctrl-C again to leave without waiting`, "warn");
  await client.cancelRun({ runId, reason: "Ctrl-C in roost ask" });
}
