/** `roost lock`: runs a command under a lock that jobs, agents and scripts on every host respect. */
import { delay, RoostError, toRoostError, writeDurationMs } from "@roost/base";
import { lockTtlMsMin, type Lock } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { exitCodeOfSignal, exitCodes } from "../exit-codes.ts";
import { acquireLock, describeHolder } from "../guarded/acquire-lock.ts";
import { keepLease, type Lease } from "../guarded/keep-lease.ts";
import { keepTrying } from "../guarded/keep-trying.ts";
import { describePurpose, nameHolder } from "../guarded/name-holder.ts";
import { parseOptionDuration } from "../parse-option.ts";
import { plainLine } from "@roost/base/text-width";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";
import { guardCommand, type CommandGuard } from "../processes/guard-command.ts";
import { catchSignals } from "../processes/catch-signals.ts";
import { runCommand } from "../processes/run-command.ts";

interface LockOptions {
  wait?: number | boolean;
  ttl: number;
  purpose?: string;
  grace: number;
  keepGoing?: boolean;
  list?: boolean;
}

const releaseMsMax = 10_000;
const locksMax = 5_000;
/** Of the lease, what is kept for the time that signals take. */
const reserveMsMax = 1_000;

export function addLockCommand(program: Command, context: CliContext): void {
  program
    .command("lock")
    .summary("run a command under a lock")
    .description(
      `Runs a command while holding a lock shared by all jobs, agents and scripts on every host. The command gets ROOST_LOCK_NAME and ROOST_LOCK_EPOCH, the fencing token: a number that grows with each holder. When the lock is lost, the command is stopped before another holder can start, also when roost lock itself has been killed. The command's exit code is passed through.`,
    )
    .argument("[name]", "name of the lock")
    .argument("[command...]", "the command to run, after --")
    .option(
      "-w, --wait <duration>",
      "how long to wait for the lock, as in 90s or 5m (default: no limit)",
      parseOptionDuration,
    )
    .option("-n, --no-wait", "fail at once when the lock is taken")
    .option(
      "--ttl <duration>",
      "how long the lock outlives this host or this process; renewed while the command runs",
      parseOptionDuration,
      60_000,
    )
    .option("--purpose <text>", "purpose shown to others (default: the program's name)")
    .option(
      "--grace <duration>",
      "time between SIGTERM and SIGKILL when the lock is lost; at most a third of --ttl",
      parseOptionDuration,
      10_000,
    )
    .option("--keep-going", "keep the command running when the lock is lost")
    .option("--list", "list the locks that are held, and by whom")
    .action(async (name: string | undefined, command: string[], options: LockOptions) => {
      if (options.list === true) return listHeld(context);
      if (name === undefined || command.length === 0)
        throw new RoostError("invalid_input", "name the lock and the command: roost lock NAME -- CMD, or use --list");
      if (options.ttl < lockTtlMsMin)
        throw new RoostError("invalid_input", `--ttl is at least ${writeDurationMs(lockTtlMsMin)}`);
      context.exitWith(await runUnderLock(context, name, command, options));
    });
}

async function listHeld(context: CliContext): Promise<void> {
  const { terminal, clock } = context;
  const { client } = await context.connect();
  const locks = await readPages((page) => client.listLocks(page), locksMax);
  if (terminal.isJson) return terminal.json({ locks });
  const nowMs = clock.nowMs();
  const columns: Column<Lock>[] = [
    { title: "NAME", value: ({ name }) => name },
    { title: "HELD BY", value: ({ holder }) => holder, widthMin: 12, importance: 2 },
    { title: "SINCE", value: ({ acquiredAt }) => relativeTime(acquiredAt, nowMs), tone: () => "dim" },
    { title: "UNTIL", value: ({ expiresAt }) => relativeTime(expiresAt, nowMs), importance: 3, label: "until" },
    {
      title: "WAITING",
      value: ({ waitingCount }) => String(waitingCount),
      importance: 4,
      alignRight: true,
      label: "waiting",
    },
    { title: "PURPOSE", value: ({ purpose }) => purpose ?? "", widthMin: 8, importance: 5 },
  ];
  terminal.table(locks, columns, "No lock is held");
}

async function runUnderLock(
  context: CliContext,
  name: string,
  command: string[],
  options: LockOptions,
): Promise<number> {
  const { client } = await context.connect({ isQuiet: true });
  const holder = nameHolder();
  const waiting = new AbortController();
  let ending: NodeJS.Signals | undefined;
  const signals = catchSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => {
    ending ??= signal;
    waiting.abort(new RoostError("timeout", `${signal} while waiting for the lock ${name}`));
  });
  let acquired;
  try {
    acquired = await acquireLock(context, client, {
      name,
      holder,
      ttlMs: options.ttl,
      waitMsMax:
        typeof options.wait === "number" ? options.wait : options.wait === false ? 0 : Number.POSITIVE_INFINITY,
      purpose: options.purpose ?? describePurpose(command),
      signal: waiting.signal,
    });
  } catch (error) {
    if (ending === undefined) throw error;
    await giveUp(client, name, holder);
    return exitCodeOfSignal(ending);
  } finally {
    signals[Symbol.dispose]();
  }
  if ("heldBy" in acquired) {
    context.terminal.note(
      `roost: lock ${name} is held by ${describeHolder(acquired.heldBy, context.clock.nowMs())}`,
      "warn",
    );
    return exitCodes.lockNotObtained;
  }
  if (ending !== undefined) {
    await release(context, client, acquired.lease);
    return exitCodeOfSignal(ending);
  }
  return runHolding(context, client, acquired.lease, command, options);
}

async function runHolding(
  context: CliContext,
  client: RoostClient,
  lease: Lease,
  command: string[],
  options: LockOptions,
): Promise<number> {
  const { terminal, clock, config } = context;
  const over = new AbortController();
  // One third of the lease is for renewal, one for retries, one for stopping the command.
  const reserveMs = Math.min(reserveMsMax, lease.ttlMs / 12);
  const graceMs = Math.min(options.grace, lease.ttlMs / 3 - reserveMs);
  let guard: CommandGuard | undefined;
  try {
    const running = runCommand(command, {
      environment: { ...config.environment, ROOST_LOCK_NAME: lease.name, ROOST_LOCK_EPOCH: String(lease.epoch) },
    });
    if (options.keepGoing !== true) guard = guardCommand(running);
    const kept = keepLease(client, lease, {
      clock,
      // A little later than this process would, so that only one of them stops the command.
      onKept: (safeUntilMs) => guard?.endAfter(safeUntilMs + reserveMs / 2 - clock.nowMs(), graceMs),
      marginMs: options.keepGoing === true ? 0 : graceMs + reserveMs,
      signal: over.signal,
      onAway: (isAway) =>
        terminal.note(
          isAway
            ? `roost: the gateway does not answer, so lock ${lease.name} cannot be renewed; retrying`
            : `roost: the gateway answers again; lock ${lease.name} was kept`,
          "warn",
        ),
    });
    const first = await Promise.race([running.ended, kept]);
    if (typeof first !== "string") {
      const end = await running.ended;
      // When this process stood still, the guard has done what it is for, whatever the gateway answers now.
      const isEndedByGuard = (await guard?.dismiss()) === true && end.exitCode !== 0;
      if (!isEndedByGuard) return tellEnd(context, end);
      terminal.note(`roost: lock ${lease.name} was lost while roost stood still; the command was stopped`, "bad");
      return exitCodes.lockLost;
    }
    const reason = plainLine(first);
    if (options.keepGoing === true) {
      terminal.note(`roost: lock ${lease.name} is lost (${reason}); the command keeps running without it`, "bad");
      return tellEnd(context, await running.ended);
    }
    terminal.note(`roost: lock ${lease.name} is lost (${reason}); stopping the command`, "bad");
    // The guard also ends what the command has started, on a terminal too, and what outlives it.
    if (guard?.endNow(graceMs) !== true) running.stop(graceMs);
    await running.ended;
    return exitCodes.lockLost;
  } finally {
    over.abort();
    void guard?.dismiss();
    await release(context, client, lease);
  }
}

function tellEnd({ terminal }: CliContext, end: { exitCode: number; startError: string | undefined }): number {
  if (end.startError !== undefined) terminal.note(`roost: ${plainLine(end.startError)}`, "bad");
  return end.exitCode;
}

async function release({ terminal, clock }: CliContext, client: RoostClient, lease: Lease): Promise<void> {
  const { name, holder, epoch } = lease;
  using _progress = terminal.progress(`Releasing the lock ${name}`);
  try {
    await keepTrying(() => client.releaseLock({ name, holder, epoch }, { timeoutMs: releaseMsMax / 2 }), {
      clock,
      forMs: releaseMsMax,
    });
  } catch (error) {
    const message = plainLine(toRoostError(error).message);
    terminal.note(
      `roost: lock ${name} could not be released (${message}); it becomes free when its lease expires`,
      "warn",
    );
  }
}

/** A request in flight at the signal may have acquired the lock: release it. */
async function giveUp(client: RoostClient, name: string, holder: string): Promise<void> {
  const options = { timeoutMs: 2000 };
  try {
    await delay(50);
    const answer = await client.acquireLock({ name, holder, ttlMs: lockTtlMsMin }, options);
    if (answer.acquired) await client.releaseLock({ name, holder, epoch: answer.epoch }, options);
  } catch {
    // It becomes free when its lease expires.
  }
}
