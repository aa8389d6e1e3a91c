/** The record of a home's owner, read by the next `roost up`, `roost down` and people. Informative only; the claim (lock-home.ts) decides. */
import { readFile, rm } from "node:fs/promises";
import { writeFileDurably } from "@roost/base";

export type OwnerState = "starting" | "running" | "stopping";

export interface HomeOwner {
  pid: number;
  /** Pid and start time: a pid alone may be reused. */
  identity: string;
  /** ISO 8601. */
  startedAt: string;
  state: OwnerState;
  /** The gateway's address, once known. */
  url?: string | undefined;
  /** Processes at whose end the owner stops: npm, if it started it. */
  starters?: readonly string[];
  /** Processes that the owner started; the next owner ends those that outlive it. */
  children: { name: string; identity: string }[];
}

/** Undefined when it is missing or unreadable. */
export async function readOwner(path: string): Promise<HomeOwner | undefined> {
  try {
    const found = JSON.parse(await readFile(path, "utf8")) as Partial<HomeOwner>;
    const isOwner = typeof found.pid === "number" && typeof found.identity === "string";
    return isOwner
      ? ({ startedAt: "", state: "running", ...found, children: found.children ?? [] } as HomeOwner)
      : undefined;
  } catch {
    return undefined;
  }
}

export interface OwnerRecord extends AsyncDisposable {
  /** Writes are ordered; the last change wins. A failed write is reported and stops nothing. */
  update(change: Partial<HomeOwner>): void;
  /** Resolves when all changes so far are on disk. */
  written(): Promise<void>;
}

/** Opens this owner's record; disposing waits for pending writes and removes the file. */
export function openOwnerRecord(path: string, first: HomeOwner, onFailure: (error: unknown) => void): OwnerRecord {
  let owner = first;
  let writing: Promise<void> = Promise.resolve();
  const write = () => {
    writing = writing.then(async () => {
      await writeFileDurably(path, `${JSON.stringify(owner, null, 2)}\n`, { mode: 0o600 }).catch(onFailure);
    });
  };
  write();
  return {
    update(change) {
      owner = { ...owner, ...change };
      write();
    },
    written: () => writing,
    async [Symbol.asyncDispose]() {
      await writing;
      await rm(path, { force: true }).catch(onFailure);
    },
  };
}
