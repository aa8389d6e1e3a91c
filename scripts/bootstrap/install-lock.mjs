// One installer at a time per clone. A claim is a file named after its process; claims of dead processes are void and may be removed by anyone,
// since names are never reused. A process that has written its claim and then sees no other live one holds the lock. Of two that see each other,
// the lesser name waits for the greater to withdraw.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readProcessIdentity } from "./process-identity.mjs";

const pollMs = 100;

/**
 * @param {string} directory holds the claims
 * @param {(pid: number) => void} onWait called once, with the process that is waited for
 * @returns {Promise<{ extend(pid: number): void, release(): void }>} `extend` keeps the lock for a child process, should it
 * outlive this one
 */
export async function acquireInstallLock(directory, onWait) {
  mkdirSync(directory, { recursive: true });
  const own = claimName(process.pid);
  const release = () => rmSync(join(directory, own), { force: true });
  let hasTold = false;
  for (;;) {
    writeClaim(directory, process.pid);
    const others = livingClaims(directory).filter((name) => name !== own);
    if (others.length === 0) return { release, extend: (pid) => writeClaim(directory, pid) };
    if (others.some((name) => name < own)) release();
    if (!hasTold) onWait(Number.parseInt(others[0], 10));
    hasTold = true;
    await sleep(pollMs);
  }
}

function livingClaims(directory) {
  return readdirSync(directory).filter((name) => {
    if (!name.endsWith(".claim")) return false;
    if (claimName(Number.parseInt(name, 10)) === name) return true;
    rmSync(join(directory, name), { force: true });
    return false;
  });
}

function writeClaim(directory, pid) {
  writeFileSync(join(directory, claimName(pid)), "");
}

function claimName(pid) {
  return `${readProcessIdentity(pid)}.claim`;
}
