/** Where the keys of hooks are: a file of the home that only its owner reads, or what a reference stands for. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import type { InboundHook } from "./inbound-hook.ts";

export interface HookKey {
  key: string;
  /** Until when it counts after a rotation. Infinity: the newest. */
  untilMs: number;
}

export interface HookKeys {
  /** The newest first, then those before it. @throws RoostError when they cannot be read */
  read(hook: Pick<InboundHook, "id" | "keyRef">): Promise<HookKey[]>;
  write(hookId: string, keys: readonly HookKey[]): Promise<void>;
  remove(hookId: string): Promise<void>;
}

export interface HookKeysOptions {
  homeDir: string;
  /** What a reference stands for. */
  resolve: (reference: string) => Promise<string>;
}

const folder = join(".roost", "hooks");

export function newestKey(key: string): HookKey {
  return { key, untilMs: Number.POSITIVE_INFINITY };
}

/** `<key>`, or `<key> <time>` for one that counts until then: beside its key, so that a crash leaves no key with the time of another. */
function readLine(line: string): HookKey {
  const [key = "", until] = line.split(" ");
  return until === undefined ? newestKey(key) : { key, untilMs: Date.parse(until) };
}

function toLine({ key, untilMs }: HookKey): string {
  return Number.isFinite(untilMs) ? `${key} ${new Date(untilMs).toISOString()}` : key;
}

export function createHookKeys({ homeDir, resolve }: HookKeysOptions): HookKeys {
  const pathOf = (id: string) => join(homeDir, folder, id);
  return {
    async read({ id, keyRef }) {
      if (keyRef !== null) return [newestKey(await resolve(keyRef))];
      const text = await readFile(pathOf(id), "utf8").catch((cause: unknown) => {
        throw new RoostError(
          "unavailable",
          `The key of the hook in ${join(folder, id)} cannot be read here: rotate it; on a joined host such a hook is the home's, or has its key by reference (--key-ref)`,
          {
            cause,
          },
        );
      });
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map(readLine);
    },
    async write(id, keys) {
      await mkdir(join(homeDir, folder), { recursive: true, mode: 0o700 });
      await writeFileDurably(pathOf(id), `${keys.map(toLine).join("\n")}\n`, { mode: 0o600 });
    },
    async remove(id) {
      await rm(pathOf(id), { force: true });
    },
  };
}
