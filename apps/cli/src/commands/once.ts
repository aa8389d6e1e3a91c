/** `roost once`: runs any command unless it was done before under the same key, by whatever host. */
import { clipText, errorCharsMax, type Once } from "@roost/contract/operations";
import { backoffMs, RoostError, sleepUntilAborted, toRoostError } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { exitCodes } from "../exit-codes.ts";
import { captureOutput } from "../guarded/capture-output.ts";
import { keepOnce } from "../guarded/keep-once.ts";
import { keepTrying } from "../guarded/keep-trying.ts";
import { describePurpose, nameHolder } from "../guarded/name-holder.ts";
import { parseOptionDuration } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import { plainLine, plainText } from "../print/text-width.ts";
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

/** What of a command's output later callers get. */
const stdoutBytesMax = 40_000;
/** Telling the result is worth a while: until then the key says that nobody knows. */
const finishMsMax = 10 * 60_000;
const beginMsMax = 30_000;
const polling = { firstMs: 500, maxMs: 5_000 };

export function addOnceCommand(program: Command, context: CliContext): void {
  program
    .command("once")
    .summary("run a command unless it was done before")
    .description(
      `Runs a command only if it was not done before under the same key. Was it done, its first output is printed again and the exit code is 0. Exits it with another code, the key is free again and the next may try. Ends it by a signal, or dies this host, nobody knows what it did: the key stays unknown until somebody says --retry-unknown.`,
    )
    .argument("<command...>", "what to run, after --")
    .requiredOption("-k, --key <key>", "names the piece of work, as in newsletter-2025-06-01")
    .option("--scope <scope>", "what the key is unique in", "cli")
    .option(
      "--ttl <duration>",
      "how long after this host died its outcome counts as unknown; renewed while the command runs",
      parseOptionDuration,
      3_600_000,
    )
    .option("--keep <duration>", "how long the result is remembered (default: for good)", parseOptionDuration)
    .option(
      "-w, --wait <duration>",
      "wait that long while another does it (default: as long as it takes)",
      parseOptionDuration,
    )
    .option("-n, --no-wait", "do not wait while another does it")
    .option("--retry-unknown", "begin again although nobody knows whether it was done")
    .option("--no-capture", "do not keep the output; later callers get none")
    .option("--purpose <text>", "what others are told that it is (default: the program's name)")
    .action(async (command: string[], options: OnceOptions) => {
      const { client } = await context.connect({ isQuiet: true });
      context.exitWith(await runOnce(context, client, command, options));
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
        `roost: ${name} is being done by ${plainLine(once.holder ?? "another")}, who began ${relativeTime(once.beganAt, context.clock.nowMs())}`,
        "warn",
      );
      return exitCodes.onceInProgress;
    case "unknown":
      terminal.note(
        `roost: ${name} was begun by ${plainLine(once.holder ?? "another")} ${relativeTime(once.beganAt, context.clock.nowMs())} and nobody knows whether it was done`,
        "bad",
      );
      terminal.note("Look whether it happened; if it did not, run this again with --retry-unknown");
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
  using progress = terminal.progress(`Asking whether ${options.scope}/${options.key} was done`);
  for (let askedCount = 1; ; askedCount += 1) {
    const once = await keepTrying(() => client.beginOnce(request), { clock, forMs: Math.max(beginMsMax, waitMsMax) });
    if (once.state === "in_progress" && once.holder === request.holder) {
      throw new RoostError(
        "unavailable",
        `the gateway's answer was lost when ${options.scope}/${options.key} began, so nothing was run: it counts as unknown ${relativeTime(once.expiresAt, clock.nowMs())}, then give --retry-unknown`,
      );
    }
    const leftMs = startMs + waitMsMax - clock.nowMs();
    if (once.state !== "in_progress" || leftMs <= 0) return once;
    progress.update(`${options.scope}/${options.key} is being done by ${plainLine(once.holder ?? "another")}; waiting`);
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
  const { clock, terminal, config } = context;
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
      `roost: others are told that nobody knows of ${name} (${plainLine(reason)}); the command goes on`,
      "warn",
    );
  });
  const captured =
    running.stdout === undefined ? undefined : captureOutput(running.stdout, process.stdout, stdoutBytesMax).ended;
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
              stdout: output?.text ?? "",
              isCut: output?.isCut ?? false,
              durationMs: clock.nowMs() - startMs,
            },
            keepMs: options.keep,
          })
      : () => client.failOnce({ scope, key, token, error: errorOf(end), isUnknown: end.signal !== undefined });
  using _progress = terminal.progress(`Telling the gateway how ${scope}/${key} ended`);
  try {
    await keepTrying<unknown>(tell, {
      clock,
      forMs: finishMsMax,
      onAway: () => terminal.note("roost: the gateway does not answer; trying again to tell it the outcome", "warn"),
    });
  } catch (error) {
    terminal.note(
      `roost: the command ended with ${end.exitCode}, but the gateway could not be told: ${plainLine(toRoostError(error).message)}`,
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
    terminal.note(`roost: the command was ended by ${end.signal}: nobody knows what it did, ${name} is unknown`, "bad");
}

function errorOf(end: CommandEnd): { code: string; message: string } {
  const message =
    end.startError ?? (end.signal === undefined ? `it exited with ${end.exitCode}` : `${end.signal} ended it`);
  return { code: end.startError === undefined ? "exit" : "start", message: clipText(message, errorCharsMax) };
}

function tellDone({ terminal, clock }: CliContext, once: Once, name: string): void {
  const result = once.result as { stdout?: unknown; isCut?: unknown } | null;
  const stdout = typeof result?.stdout === "string" ? result.stdout : "";
  // A pipe gets what the first one got; a screen gets no escape sequences from elsewhere.
  if (stdout !== "") terminal.write(terminal.isScreen ? plainText(stdout) : stdout);
  const by = once.holder === null ? "" : ` by ${plainLine(once.holder)}`;
  const cut = result?.isCut === true ? `; of its output the first ${stdoutBytesMax} bytes were kept` : "";
  terminal.note(`roost: ${name} was done ${relativeTime(once.endedAt, clock.nowMs())}${by}${cut}`, "dim");
}
