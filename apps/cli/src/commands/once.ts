/** `roost once`: runs a command unless it was done before under the same key, on any host. */
import { clipText, errorCharsMax, type Once } from "@roost/contract/operations";
import { backoffMs, RoostError, sleepUntilAborted, toRoostError } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { exitCodes } from "../exit-codes.ts";
import { captureOutput, keptBytes } from "../guarded/capture-output.ts";
import { keepOnce } from "../guarded/keep-once.ts";
import { keepTrying } from "../guarded/keep-trying.ts";
import { listOnceKeys } from "../guarded/list-once-keys.ts";
import { describePurpose, nameHolder } from "../guarded/name-holder.ts";
import { parseOptionDuration } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import { plainLine, plainText } from "@roost/base/text-width";
import { runCommand, type CommandEnd } from "../processes/run-command.ts";

interface OnceOptions {
  key: string;
  scope: string;
  ttl: number;
  keep?: number;
  wait?: number | boolean;
  retryUnknown?: boolean;
  capture: boolean;
  purpose?: string;
}

type GivenOptions = Omit<OnceOptions, "key" | "scope"> & { key?: string; scope?: string; list?: boolean };

/** Bytes of a command's output kept for later callers. */
const stdoutBytesMax = 40_000;
/** Until the result is reported the key stays unknown, so reporting is retried for long. */
const finishMsMax = 10 * 60_000;
const answerMsMax = 15_000;
const polling = { firstMs: 500, maxMs: 5_000 };

export function addOnceCommand(program: Command, context: CliContext): void {
  program
    .command("once")
    .summary("run a command unless it was done before")
    .description(
      `Runs a command unless it was done before under the same key. If it was done, its first output is printed again and the exit code is 0. If the command exits with another code, the key is free again and the next caller may try. If a signal or a crash of this host ends it, its outcome is unknown: later calls are refused until one gives --retry-unknown.`,
    )
    .argument("[command...]", "the command to run, after --")
    .option("-k, --key <key>", "name of the piece of work, as in newsletter-2025-06-01")
    .option("--scope <scope>", "scope in which the key is unique (default: cli)")
    .option(
      "--ttl <duration>",
      "how long after this host died the outcome counts as unknown; renewed while the command runs",
      parseOptionDuration,
      3_600_000,
    )
    .option("--keep <duration>", "how long the result is kept (default: for good)", parseOptionDuration)
    .option(
      "-w, --wait <duration>",
      "how long to wait while another caller runs it (default: no limit)",
      parseOptionDuration,
    )
    .option("-n, --no-wait", "fail at once while another caller runs it")
    .option("--retry-unknown", "run again although the outcome is unknown")
    .option("--no-capture", "do not keep the output; later callers get none")
    .option("--purpose <text>", "purpose shown to others (default: the program's name)")
    .option("--list", "list keys with their state, of one --scope or of all")
    .action(async (command: string[], { list, key, scope, ...options }: GivenOptions) => {
      if (list === true) return listOnceKeys(context, scope);
      if (key === undefined)
        throw new RoostError("invalid_input", "required option '-k, --key <key>' not specified (--help shows usage)");
      if (command.length === 0)
        throw new RoostError("invalid_input", "there is no command to run: roost once --key KEY -- CMD, or use --list");
      const { client } = await context.connect({ isQuiet: true });
      context.exitWith(await runOnce(context, client, command, { ...options, key, scope: scope ?? "cli" }));
    });
}

async function runOnce(
  context: CliContext,
  client: RoostClient,
  command: string[],
  options: OnceOptions,
): Promise<number> {
  const { terminal } = context;
  const once = await begin(context, client, command, options);
  const name = `${plainLine(once.scope)}/${plainLine(once.key)}`;
  switch (once.state) {
    case "done":
      tellDone(context, once, name);
      return 0;
    case "in_progress":
      terminal.note(
        `roost: ${name} is being run by ${plainLine(once.holder ?? "another")} since ${relativeTime(once.beganAt, context.clock.nowMs())}`,
        "warn",
      );
      return exitCodes.onceInProgress;
    case "unknown":
      terminal.note(
        `roost: ${name} was started by ${plainLine(once.holder ?? "another")} ${relativeTime(once.beganAt, context.clock.nowMs())} and its outcome is unknown`,
        "bad",
      );
      terminal.note("Check whether it happened; if not, run this again with --retry-unknown");
      return exitCodes.onceUnknown;
    case "begun":
      return perform(context, client, once, command, options);
  }
}

async function begin(context: CliContext, client: RoostClient, command: string[], options: OnceOptions): Promise<Once> {
  const { clock, terminal } = context;
  const waitMsMax =
    typeof options.wait === "number" ? options.wait : options.wait === false ? 0 : Number.POSITIVE_INFINITY;
  const request = {
    scope: options.scope,
    key: options.key,
    holder: nameHolder(),
    ttlMs: options.ttl,
    retryUnknown: options.retryUnknown ?? false,
    purpose: options.purpose ?? describePurpose(command),
  };
  const startMs = clock.nowMs();
  using progress = terminal.progress(`Checking whether ${options.scope}/${options.key} was done`);
  for (let askedCount = 1; ; askedCount += 1) {
    const once = await keepTrying(() => client.beginOnce(request, { timeoutMs: answerMsMax }), {
      clock,
      forMs: Math.max(0, startMs + waitMsMax - clock.nowMs()),
      onAway: ({ message }) => terminal.note(`${plainLine(message)}; retrying`, "warn"),
    });
    if (once.state === "in_progress" && once.holder === request.holder) {
      throw new RoostError(
        "unavailable",
        `the gateway's answer for ${options.scope}/${options.key} was lost, so nothing was run: the key counts as unknown ${relativeTime(once.expiresAt, clock.nowMs())}, then give --retry-unknown`,
      );
    }
    const leftMs = startMs + waitMsMax - clock.nowMs();
    if (once.state !== "in_progress" || leftMs <= 0) return once;
    progress.update(`${options.scope}/${options.key} is being run by ${plainLine(once.holder ?? "another")}; waiting`);
    await sleepUntilAborted(Math.min(backoffMs(askedCount, polling), leftMs));
  }
}

async function perform(
  context: CliContext,
  client: RoostClient,
  once: Once,
  command: string[],
  options: OnceOptions,
): Promise<number> {
  const { clock, terminal, config, stdout } = context;
  const { scope, key, token } = once;
  if (token === null) throw new RoostError("internal", `the gateway gave no token for ${scope}/${key}`);
  const startMs = clock.nowMs();
  const running = runCommand(command, {
    environment: { ...config.environment, ROOST_ONCE_SCOPE: scope, ROOST_ONCE_KEY: key },
    readsStdout: options.capture,
  });
  const over = new AbortController();
  const kept = keepOnce(client, { scope, key, token, ttlMs: options.ttl }, { signal: over.signal }).then((reason) => {
    if (reason === undefined) return;
    const name = `${plainLine(scope)}/${plainLine(key)}`;
    terminal.note(
      `roost: ${name} now counts as unknown for others (${plainLine(reason)}); the command goes on`,
      "warn",
    );
  });
  const captured =
    running.stdout === undefined ? undefined : captureOutput(running.stdout, stdout, stdoutBytesMax).ended;
  const end = await running.ended;
  over.abort();
  await kept;
  const output = await captured;
  const tell =
    end.exitCode === 0 && end.signal === undefined
      ? () =>
          client.finishOnce({
            scope,
            key,
            token,
            result: {
              exitCode: 0,
              ...(output ?? { stdout: "", isCut: false }),
              durationMs: clock.nowMs() - startMs,
            },
            keepMs: options.keep,
          })
      : () => client.failOnce({ scope, key, token, error: errorOf(end), isUnknown: end.signal !== undefined });
  using _progress = terminal.progress(`Reporting the outcome of ${scope}/${key}`);
  try {
    await keepTrying<unknown>(tell, {
      clock,
      forMs: finishMsMax,
      onAway: () => terminal.note("roost: the gateway does not answer; retrying to report the outcome", "warn"),
    });
  } catch (error) {
    terminal.note(
      `roost: the command ended with ${end.exitCode}, but this could not be reported: ${plainLine(toRoostError(error).message)}`,
      "bad",
    );
    terminal.note(`${scope}/${key} will count as unknown`);
    return end.exitCode === 0 ? exitCodes.onceUnknown : end.exitCode;
  }
  tellFailure(context, end, `${scope}/${key}`);
  return end.exitCode;
}

function tellFailure({ terminal }: CliContext, end: CommandEnd, name: string): void {
  if (end.startError !== undefined) terminal.note(`roost: ${plainLine(end.startError)}`, "bad");
  if (end.signal !== undefined)
    terminal.note(
      `roost: the command was ended by ${end.signal}, so its outcome is unknown: ${name} stays unknown`,
      "bad",
    );
}

function errorOf(end: CommandEnd): { code: string; message: string } {
  const message =
    end.startError ?? (end.signal === undefined ? `it exited with ${end.exitCode}` : `${end.signal} ended it`);
  return { code: end.startError === undefined ? "exit" : "start", message: clipText(message, errorCharsMax) };
}

function tellDone({ terminal, clock, stdout }: CliContext, once: Once, name: string): void {
  const result = once.result as { isCut?: unknown } | null;
  const kept = keptBytes(result);
  // A pipe gets the first caller's bytes; a screen gets no escape sequences of another's output.
  if (terminal.isScreen) terminal.write(plainText(kept.toString()));
  else if (kept.length > 0) stdout.write(kept);
  const by = once.holder === null ? "" : ` by ${plainLine(once.holder)}`;
  const cut = result?.isCut === true ? `; only the first ${stdoutBytesMax} bytes of its output were kept` : "";
  terminal.note(`roost: ${name} was done ${relativeTime(once.endedAt, clock.nowMs())}${by}${cut}`, "dim");
}
