/**
 * A process that imports a large file, brings one over another, keeps it, removes it, brings an old version back and drops others, prints what is done, and is killed
 * before the given step: a change of the disk, a transaction, or a call of the store.
 */
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { silentLogger } from "@roost/base";
import { openDatabase } from "@roost/database";
import { openKernel } from "@roost/kernel";
import { hashOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import { importRecords } from "../moving/import-records.ts";
import { openMemory } from "../open-memory.ts";
import { restoreFileVersion } from "./file-versions.ts";
import { dropLargeVersions, keepLargeFiles } from "./keep-large-files.ts";
import { takeFileRange } from "./large-files.ts";
import { removeHomeFile } from "./remove-home-file.ts";
import { takeImportRange } from "./take-incoming.ts";

const [url = "", homeDir = "", path = "", stepText = "", first = "", second = "", third = ""] = process.argv.slice(2);
const as = { kind: "main", isPerson: true } as const;
const by = "host:laptop";
const labels = ["aud:main", "src:web:page.example", "trust:untrusted"];
const bytesOf = (mark: string) => Buffer.from(mark.repeat(Math.ceil(1_100_000 / mark.length)));
const changing = ["chmod", "link", "mkdir", "open", "rename", "rm"] as const;

let left = Number(stepText);
function take(): void {
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}

const database = await openDatabase({ url, applicationName: "killed", logger: silentLogger, poolMax: 4 });
const kernel = await openKernel({ database, logger: silentLogger, migrate: false });
const opened = await openMemory({ kernel, homeDir, logger: silentLogger, migrate: false });

const of: Record<string, unknown> = fs;
for (const name of changing) {
  const call = of[name] as (...args: unknown[]) => Promise<unknown>;
  of[name] = async (...args: unknown[]) => {
    if (String(args[0]).startsWith(homeDir) && !(name === "open" && args[1] === "r")) take();
    return await call(...args);
  };
}
syncBuiltinESMExports();

/** Before and after each call of one of these. */
function stepping<Target extends object>(target: Target, names: readonly string[]): Target {
  return new Proxy(target, {
    get(all, name) {
      const found: unknown = Reflect.get(all, name, all);
      if (typeof found !== "function") return found;
      const call = found.bind(all) as (...args: unknown[]) => unknown;
      if (!names.includes(String(name))) return call;
      return async (...args: unknown[]) => {
        take();
        const answer = await call(...args);
        take();
        return answer;
      };
    },
  });
}

const memory: Memory = {
  ...opened,
  kernel: stepping(kernel, ["transact"]),
  versions: stepping(opened.versions, ["put", "delete"]),
};

const [old, fresh, moved] = [bytesOf(first), bytesOf(second), bytesOf(third)];
const say = (what: string) => process.stdout.write(`${what}\n`);
const brought = { sha256: hashOf(moved), bytes: moved.length };
await takeImportRange(memory, { ...brought, from: 0, content: moved.subarray(0, 600_000) });
await takeImportRange(memory, { ...brought, from: 600_000, content: moved.subarray(600_000) });
const record = { kind: "file", ref: `moved/${path}`, path: `moved/${path}`, brought, labels } as const;
const [imported] = await importRecords(memory, [record], { source: "folder:there", by: "owner" });
if (imported?.action === "created") say("imported");
await takeFileRange(memory, {
  path,
  sha256: hashOf(fresh),
  bytes: fresh.length,
  from: 0,
  content: fresh,
  expected: hashOf(old),
  as,
  by,
});
say("brought");
await keepLargeFiles(memory, { quietMs: 0, everyMs: 0 });
const removed = await removeHomeFile(memory, { path, expected: hashOf(fresh), as, by });
if (removed.state === "removed") say("removed");
await restoreFileVersion(memory, { path, sha256: hashOf(old), as, by });
say("restored");
await dropLargeVersions(memory, { count: 1, bytes: 0 });
say("dropped");
await database[Symbol.asyncDispose]();
