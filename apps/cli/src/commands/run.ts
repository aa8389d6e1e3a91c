/** `roost run …`: look into one run, watch it, cancel it, let it go on, replay it, or say what an effect did. */
import { stepOutcomes } from "@roost/contract/operations";
import { Argument, Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { findRunId } from "../find-by-id.ts";
import { parseOptionCount, parseOptionFields } from "../parse-option.ts";
import { printRun } from "../print/print-run.ts";
import { plainLine } from "../print/text-width.ts";
import { readPages } from "../read-pages.ts";
import { showAnswer } from "./ask.ts";
import { addRunReplay } from "./run-replay.ts";

const idHelp = "id of the run, the end of one, or last";
const stepsMax = 10_000;

export function addRunCommands(program: Command, context: CliContext): void {
  const run = program
    .command("run")
    .summary("look into one run, or change its course")
    .description("Looks into one run, or changes its course.");
  addShow(run, context);
  addWatch(run, context);
  addCancel(run, context);
  addRetry(run, context);
  addFork(run, context);
  addRunReplay(run, context);
  addResolve(run, context);
}

function addShow(run: Command, context: CliContext): void {
  run
    .command("show")
    .description("Shows a run with its steps and what it waits for.")
    .argument("<run>", idHelp)
    .option("--full", "inputs and outputs of its steps too")
    .action(async (given: string, { full }: { full?: boolean }) => {
      const { client } = await context.connect();
      const runId = await findRunId(client, given);
      let shown: Awaited<ReturnType<typeof client.getRun>> | undefined;
      const steps = await readPages(
        async (page) => {
          const answer = await client.getRun({ runId, ...page });
          shown ??= answer;
          return answer.steps;
        },
        (page) => page.items,
        stepsMax,
      );
      if (shown === undefined) return;
      const { waits, holds, below } = shown;
      if (context.terminal.isJson) return context.terminal.json({ run: shown.run, steps, waits, holds, below });
      printRun(
        context.terminal,
        { run: shown.run, steps, waits, holds, below },
        { nowMs: context.clock.nowMs(), isFull: full === true },
      );
    });
}

function addWatch(run: Command, context: CliContext): void {
  run
    .command("watch")
    .description("Shows what happens in a run until it is over, as ask does. With --json each update is a line.")
    .argument("<run>", idHelp)
    .action(async (given: string) => {
      const { client } = await context.connect();
      const runId = await findRunId(client, given);
      if (!context.terminal.isJson) return showAnswer(context, client, runId, { cancels: false });
      for await (const { data } of client.watchRun({ runId })) {
        context.terminal.jsonLine(data);
        if (data.kind === "over" && data.run.state !== "done") context.exitWith(exitCodes.answerIsNo);
      }
    });
}

function addCancel(run: Command, context: CliContext): void {
  run
    .command("cancel")
    .description("Cancels a run and what it has started.")
    .argument("<run>", idHelp)
    .option("--reason <text>", "why, for the record")
    .action(async (given: string, { reason }: { reason?: string }) => {
      const { client } = await context.connect();
      const answer = await client.cancelRun({
        runId: await findRunId(client, given),
        reason,
      });
      if (context.terminal.isJson) return context.terminal.json(answer);
      const said = {
        cancelled: "Cancelled",
        requested: "Its worker was told to stop",
        already_over: `It was over already (${answer.run.state})`,
      };
      context.terminal.line(`${said[answer.outcome]}: ${plainLine(answer.run.title)} ${answer.run.id}`);
    });
}

function addRetry(run: Command, context: CliContext): void {
  run
    .command("retry")
    .description("Lets a run that failed, was cancelled or diverged go on from its last finished step.")
    .argument("<run>", idHelp)
    .option("--reason <text>", "why, for the record")
    .action(async (given: string, { reason }: { reason?: string }) => {
      const { client } = await context.connect();
      const answer = await client.retryRun({
        runId: await findRunId(client, given),
        reason,
      });
      tellFurther(context, "Goes on", answer);
    });
}

/** The run that came of another, and how to follow it. */
function tellFurther(
  { terminal }: CliContext,
  what: string,
  answer: { run: { id: string; title: string; state: string } },
): void {
  if (terminal.isJson) return terminal.json(answer);
  const { title, id, state } = answer.run;
  terminal.line(`${what}: ${plainLine(title)} ${id} (${state})`);
  terminal.line(terminal.paint(`roost run watch ${id}`, "dim"));
}

function addFork(run: Command, context: CliContext): void {
  run
    .command("fork")
    .description("Starts a further run with the recorded steps before one; nothing of them is done again.")
    .argument("<run>", idHelp)
    .requiredOption("--from <step>", "the first step that is done anew, as run show tells it", parseOptionCount)
    .option("--input <json>", "fields of its input that get other values, as a JSON object")
    .option("--reason <text>", "why, for the record")
    .action(async (given: string, options: { from: number; input?: string; reason?: string }) => {
      const { client } = await context.connect();
      const answer = await client.forkRun({
        runId: await findRunId(client, given),
        fromSeq: options.from,
        input: options.input === undefined ? undefined : parseOptionFields(options.input),
        reason: options.reason,
      });
      tellFurther(context, "Forked", answer);
    });
}

interface ResolveOptions {
  note?: string;
  output?: string;
}

function addResolve(run: Command, context: CliContext): void {
  run
    .command("resolve")
    .description("Says what became of an effect whose outcome is unknown; a run that waits for it goes on.")
    .argument("<run>", idHelp)
    .argument("<step>", "number of the step, as run show tells it", parseOptionCount)
    .addArgument(
      new Argument(
        "<outcome>",
        "done: it happened; failed: it was refused; not_done: it never happened, do it again",
      ).choices(stepOutcomes),
    )
    .addOption(new Option("--note <text>", "what you found, for the record and for the agent"))
    .option("--output <text>", "with done: what the effect answered, for the agent; left out, it answered nothing")
    .action(async (given: string, seq: number, outcome: (typeof stepOutcomes)[number], options: ResolveOptions) => {
      const { client } = await context.connect();
      const answer = await client.resolveStep({
        runId: await findRunId(client, given),
        seq,
        outcome,
        note: options.note,
        output: options.output,
      });
      if (context.terminal.isJson) return context.terminal.json(answer);
      context.terminal.line(
        `Step ${seq} (${plainLine(answer.step.name)}) is ${outcome}; the run is ${answer.run.state}`,
      );
      if (outcome === "done" && options.output === undefined)
        context.terminal.note("Its result is recorded as empty: the agent is told your note and no answer", "dim");
    });
}
