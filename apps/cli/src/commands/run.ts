/** `roost run …`: show, watch, cancel, resume, fork, replay and resolve a run. */
import { stepOutcomes } from "@roost/contract/operations";
import { Argument, Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { findRunId } from "../find-by-id.ts";
import { budgetOf, type BudgetOptions } from "../jobs/job-from-options.ts";
import { parseOptionAmount, parseOptionCount, parseOptionFields } from "../parse-option.ts";
import { printRun } from "../print/print-run.ts";
import { plainLine } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";
import { showAnswer } from "./ask.ts";
import { addRunReplay } from "./run-replay.ts";

const idHelp = "id of the run, the end of one, or last";
const stepsMax = 10_000;

export function addRunCommands(program: Command, context: CliContext): void {
  const run = program.command("run").summary("show or control a run").description("Shows or controls a run.");
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
    .option("--full", "include inputs and outputs of its steps")
    .action(async (given: string, { full }: { full?: boolean }) => {
      const { client } = await context.connect();
      const runId = await findRunId(client, given);
      let shown: Awaited<ReturnType<typeof client.getRun>> | undefined;
      const steps = await readPages(async (page) => {
        const answer = await client.getRun({ runId, ...page });
        shown ??= answer;
        return answer.steps;
      }, stepsMax);
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
    .description("Shows a run's progress until it ends. With --json each update is one line.")
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
    .description("Cancels a run and the runs it started.")
    .argument("<run>", idHelp)
    .option("--reason <text>", "reason to record")
    .action(async (given: string, { reason }: { reason?: string }) => {
      const { client } = await context.connect();
      const answer = await client.cancelRun({
        runId: await findRunId(client, given),
        reason,
      });
      if (context.terminal.isJson) return context.terminal.json(answer);
      const said = {
        cancelled: "Cancelled",
        requested: "The worker was told to stop it",
        already_over: `It had already ended (${answer.run.state})`,
      };
      context.terminal.line(`${said[answer.outcome]}: ${plainLine(answer.run.title)} ${answer.run.id}`);
    });
}

function addRetry(run: Command, context: CliContext): void {
  run
    .command("retry")
    .description("Resumes a failed, cancelled or diverged run after its last finished step.")
    .argument("<run>", idHelp)
    .option("--reason <text>", "reason to record")
    .option("--budget-usd <amount>", "spending cap of what follows, in USD", parseOptionAmount)
    .option("--budget-tokens <count>", "token cap of what follows", parseOptionCount)
    .option("--budget-calls <count>", "model call cap of what follows", parseOptionCount)
    .action(async (given: string, { reason, ...caps }: { reason?: string } & BudgetOptions) => {
      const { client } = await context.connect();
      const answer = await client.retryRun({
        runId: await findRunId(client, given),
        reason,
        budget: budgetOf(caps),
      });
      tellFurther(context, "Goes on", answer);
    });
}

/** Prints the new run and how to follow it. */
function tellFurther(
  { terminal }: CliContext,
  what: string,
  answer: { run: { id: string; title: string; state: string } },
): void {
  if (terminal.isJson) return terminal.json(answer);
  const { title, id, state } = answer.run;
  terminal.line(`${what}: ${plainLine(title)} ${id} (${state})`);
  terminal.line(terminal.paint(terminal.named(`roost run watch ${id}`), "dim"));
}

function addFork(run: Command, context: CliContext): void {
  run
    .command("fork")
    .description("Starts a new run from the recorded steps before one; none of them is executed again.")
    .argument("<run>", idHelp)
    .requiredOption("--from <step>", "first step to execute again, from roost run show", parseOptionCount)
    .option("--input <json>", "input fields to replace, as a JSON object")
    .option("--reason <text>", "reason to record")
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
  note?: string | undefined;
  output?: string;
}

function addResolve(run: Command, context: CliContext): void {
  run
    .command("resolve")
    .description("Records the outcome of an effect that is unknown; a run that waits for it continues.")
    .argument("<run>", idHelp)
    .argument("<step>", "number of the step, from roost run show", parseOptionCount)
    .addArgument(
      new Argument(
        "<outcome>",
        "done: it happened; failed: it was refused; not_done: it never happened, run it again",
      ).choices(stepOutcomes),
    )
    .addOption(new Option("--note <text>", "what you found, for the record and the agent"))
    .option("--output <text>", "with done: the result of the effect, for the agent (default: none)")
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
        context.terminal.note("Its result is recorded as empty: the agent gets your note only", "dim");
    });
}
