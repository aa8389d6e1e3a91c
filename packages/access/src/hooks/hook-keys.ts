/** Where the keys of hooks are: a file of the home that only its owner reads, or what a reference stands for. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import type { InboundHook } from "./inbound-hook.ts";

export interface HookKeys {
  /** The newest first, then the one before, if there is one. @throws RoostError when they cannot be read */
  read(hook: Pick<InboundHook, "id" | "keyRef">): Promise<string[]>;
  write(hookId: string, keys: readonly string[]): Promise<void>;
  remove(hookId: string): Promise<void>;
}

export interface HookKeysOptions {
  homeDir: string;
  /** What a reference stands for. */
  resolve: (reference: string) => Promise<string>;
}

const folder = join(".roost", "hooks");

export function createHookKeys({ homeDir, resolve }: HookKeysOptions): HookKeys {
  const pathOf = (id: string) => join(homeDir, folder, id);
  return {
    async read({ id, keyRef }) {
      if (keyRef !== null) return [await resolve(keyRef)];
      const text = await readFile(pathOf(id), "utf8").catch((cause: unknown) => {
        throw new RoostError("unavailable", `The key of the hook in ${join(folder, id)} cannot be read: rotate it`, {
          cause,
        });
      });
      return text.split("\n").filter((line) => line !== "");
    },
    async write(id, keys) {
      await mkdir(join(homeDir, folder), { recursive: true, mode: 0o700 });
      await writeFileDurably(pathOf(id), `${keys.join("\n")}\n`, { mode: 0o600 });
    },
    async remove(id) {
      await rm(pathOf(id), { force: true });
    },
  };
}
