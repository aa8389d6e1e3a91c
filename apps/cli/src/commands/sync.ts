/** `roost sync`: keeps the copy of a joined host and the home together. */
import { setTimeout } from "node:timers/promises";
import { backoffMs, formatDurationMs, RoostError, toRoostError } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { lockCopy } from "../copy/lock-copy.ts";
import { watchChanges } from "../copy/watch-changes.ts";
import { syncCopy, type SyncedCopy } from "../copy/sync-copy.ts";
import { readJoinedHome } from "@roost/memory/joined-home";
import { catchSignals } from "../processes/catch-signals.ts";

/** Between two passes of --follow where nothing tells of a change: neither the home's stream nor this disk. */
const pollMs = 30_000;
/** Editors write in several steps. */
const quietMs = 200;
const failureBackoff = { firstMs: 5_000, maxMs: 300_000 };

export function addSyncCommand(program: Command, context: CliContext, version: string): void {
  program
    .command("sync")
    .summary("keep a joined host's copy of the files and the home together")
    .description(
      "Brings the files of ROOST_HOME, which roost join made a copy, and those of the home together: changes go both ways and are merged by lines. Where both changed the same lines, both versions are kept and a notice shows the difference. A file deleted in one place is deleted in the other, unless it was edited there meanwhile.",
    )
    .option("-f, --follow", "go on until Ctrl-C, also while the home cannot be reached")
    .option(
      "--emptied",
      "that most files are gone in one place, here or at the home, is meant: they are deleted in the other too",
    )
    .action(async ({ follow, emptied }: { follow?: boolean; emptied?: boolean }) => {
      const { config, terminal } = context;
      const joined = await readJoinedHome(config.homeDir);
      if (joined === undefined)
        throw new RoostError("invalid_input", `${config.homeDir} is no copy of a home: roost join makes one`);
      await using _lock = await lockCopy(config.homeDir);
      const pass = () =>
        syncOnce(context, {
          host: joined.name,
          version,
          doing: follow === true ? "copy" : "copy, once",
          isEmptied: emptied === true,
        });
      if (follow !== true) {
        const done = await pass();
        return terminal.isJson ? terminal.json(done) : printPass(context, done);
      }
      await followHome(context, pass);
    });
}

async function syncOnce(
  context: CliContext,
  { host, version, doing, isEmptied }: { host: string; version: string; doing: string; isEmptied: boolean },
): Promise<SyncedCopy> {
  const { client } = await context.connect({ isQuiet: true });
  const at = new Date(context.clock.nowMs()).toISOString();
  const home = await client.reportHost({ version, at, doing: [doing] });
  if (home.isDrained)
    throw new RoostError(
      "conflict",
      `the home has version ${home.version} and this host ${version}: the copy stays as it is until both have one minor version; upgrade the older one`,
    );
  return await syncCopy({ client, homeDir: context.config.homeDir, host, isEmptied });
}

/** A home that is away or another version ends nothing: what is edited meanwhile is brought later. */
async function followHome(context: CliContext, pass: () => Promise<SyncedCopy>): Promise<void> {
  const stop = new AbortController();
  using _signals = catchSignals(["SIGINT", "SIGTERM", "SIGHUP"], () => stop.abort());
  const { terminal } = context;
  using changes = watchChanges(context, stop.signal);
  let told: string | undefined;
  for (let failures = 0; !stop.signal.aborted;) {
    try {
      const done = await pass();
      if (terminal.isJson) terminal.jsonLine(done);
      else if (isAnything(done) || told !== undefined) printPass(context, done);
      [failures, told] = [0, undefined];
    } catch (error) {
      const { code, message } = toRoostError(error);
      if (code === "unauthenticated") throw error;
      failures += 1;
      const nextMs = backoffMs(failures, failureBackoff);
      if (message !== told) terminal.note(`${message} (again at least every ${formatDurationMs(nextMs)})`);
      told = message;
    }
    const waitMs = failures === 0 ? pollMs : backoffMs(failures, failureBackoff);
    // What the home says is no reason to ask one sooner that has just refused.
    await changes.next({ timeoutMs: waitMs, isHeard: failures === 0 });
    await setTimeout(quietMs, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}

function isAnything({ refused: _refused, ...done }: SyncedCopy): boolean {
  return Object.values(done).some((paths: unknown[]) => paths.length > 0);
}

function printPass({ terminal }: CliContext, done: SyncedCopy): void {
  const counted = [
    [done.taken.length, "taken"],
    [done.brought.length, "brought"],
    [done.merged.length, "merged"],
    [done.removed.length, "removed"],
    [done.deleted.length, "deleted at the home"],
  ] as const;
  const parts = counted.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  terminal.line(parts.length === 0 ? "The copy and the home are the same" : `Files: ${parts.join(", ")}`);
  for (const { path, keptAs } of done.diverged)
    terminal.line(
      terminal.paint(plainLine(`${path} was changed in both places: this host's version stands in ${keptAs}`), "warn"),
    );
  for (const path of done.kept)
    terminal.line(
      terminal.paint(plainLine(`${path} was deleted in one place and edited in the other: the edit stays`), "warn"),
    );
  for (const { path, reason } of done.refused) terminal.note(plainLine(`${path} stays as it is: ${reason}`));
}
