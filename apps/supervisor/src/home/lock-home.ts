/**
 * At most one supervisor owns a home. A claim is a file named after its process. A process that has written its claim and then sees no other live
 * claim owns the home; one that sees another does not. Claims of dead processes are void and may be removed by anyone, because names are never
 * reused: this is how a lock is taken over after kill -9 or a power cut. Of two that see each other at once, the greater name withdraws. A home is
 * on one machine: processes are looked up by pid.
 */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { delay, formatDurationMs, RoostError, systemClock, isProcessAlive, readProcessIdentity } from "@roost/base";
import type { HomePaths } from "./home-paths.ts";
import { readOwner, type HomeOwner } from "./owner.ts";

export interface LockHomeOptions {
  /** Called once when the owner is stopping and its end is awaited. */
  onWait?: (owner: HomeOwner) => void;
  /** Pid of the claiming process; only tests set it. */
  pid?: number;
  stoppingMsMax?: number;
}

export interface HomeLock extends AsyncDisposable {
  readonly identity: string;
}

const pollMs = 50;
/** Of two simultaneous starts, the winner sees the other withdraw within this time. */
const rivalMsMax = 2_000;
/** The longest orderly stop. */
const stoppingMsMaxDefault = 60_000;
const claimSuffix = ".claim";

/** @throws conflict when another process owns the home; the message names it, its start and its address */
export async function lockHome(paths: HomePaths, options: LockHomeOptions = {}): Promise<HomeLock> {
  const identity = readProcessIdentity(options.pid ?? process.pid);
  if (identity === undefined) throw new RoostError("internal", "this process is not listed by the system");
  await mkdir(paths.claims, { recursive: true, mode: 0o700 });
  const own = join(paths.claims, identity + claimSuffix);
  const release = () => rm(own, { force: true });
  const startedMs = performance.now();
  let isWaiting = false;
  for (;;) {
    await writeFile(own, "", { mode: 0o600 });
    const others = await livingClaims(paths.claims, identity);
    if (others.length === 0) return { identity, [Symbol.asyncDispose]: release };
    const owner = await readOwner(paths.owner);
    const isOwned = owner !== undefined && others.includes(owner.identity);
    if (!isOwned && others.every((other) => other > identity) && performance.now() - startedMs < rivalMsMax) {
      await delay(pollMs);
      continue;
    }
    await release();
    const waitMsMax = options.stoppingMsMax ?? stoppingMsMaxDefault;
    const isStopping = isOwned && isLeaving(owner) && performance.now() - startedMs < waitMsMax;
    if (!isStopping) throw refuse(paths.home, isOwned ? owner : undefined, others[0] as string);
    if (!isWaiting) options.onWait?.(owner);
    isWaiting = true;
    await delay(pollMs);
  }
}

/** It is stopping, or will stop soon because its npm was killed. */
function isLeaving(owner: HomeOwner): boolean {
  return owner.state === "stopping" || !(owner.starters ?? []).every(isProcessAlive);
}

/** Identities of live processes with a claim, except `own`. */
async function livingClaims(directory: string, own: string): Promise<string[]> {
  const living: string[] = [];
  for (const name of await readdir(directory)) {
    if (!name.endsWith(claimSuffix)) continue;
    const identity = name.slice(0, -claimSuffix.length);
    if (identity === own) continue;
    if (isProcessAlive(identity)) living.push(identity);
    else await rm(join(directory, name), { force: true });
  }
  return living;
}

function refuse(home: string, owner: HomeOwner | undefined, identity: string): RoostError {
  const pid = Number.parseInt(identity, 10);
  const since = owner === undefined ? ", which is starting" : `, which started ${describeMoment(owner.startedAt)},`;
  const where = owner?.url === undefined ? "" : ` and answers at ${owner.url}`;
  return new RoostError(
    "conflict",
    `${home} is owned by process ${pid}${since}${where}: use it (roost status), stop it (roost down), or set ROOST_HOME to another directory`,
    { details: { pid, ...(owner === undefined ? {} : { startedAt: owner.startedAt, url: owner.url }) } },
  );
}

function describeMoment(moment: string): string {
  const agoMs = systemClock.nowMs() - Date.parse(moment);
  return Number.isNaN(agoMs) ? "at an unknown time" : `${formatDurationMs(Math.max(0, agoMs))} ago`;
}
