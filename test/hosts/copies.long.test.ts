/** Copies of the home on several hosts: whatever is edited where, and whenever a connection breaks, they come together and no line is lost. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { createTestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { contents, joinHost, openDirectory, type JoinedHost } from "./joined-host.ts";

const fileNames = ["notes/list.md", "MEMORY.md"];

const action = fc.record({
  place: fc.nat(2),
  file: fc.nat(fileNames.length - 1),
  line: fc.nat(11),
  what: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom("insert", "insert", "change", "delete") },
    { weight: 5, arbitrary: fc.constantFrom("sync", "cut") },
    { weight: 1, arbitrary: fc.constant("remove") },
  ),
  callsMax: fc.integer({ min: 1, max: 8 }),
});

/** Every line is written once; those that a person takes out are not looked for any more. */
function createLines() {
  let count = 0;
  const wanted = new Set<string>();
  return {
    wanted,
    make(): string {
      count += 1;
      const line = `line ${count} of the test`;
      wanted.add(line);
      return line;
    },
    takeOut: (lines: readonly string[]) => lines.forEach((line) => wanted.delete(line)),
  };
}

test("Copies on two hosts and the home, edited at random while they are offline or cut off, come together without a lost line", async (t) => {
  await using gateway = await createTestGateway();
  let runs = 0;
  let mergeCount = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 30 }), async (actions) => {
      runs += 1;
      const hosts = await Promise.all(
        ["laptop", "desk"].map(async (name) => joinHost(gateway, `${name}-${runs}`, await openDirectory(t))),
      );
      const places = [gateway.homeDir, ...hosts.map(({ homeDir }) => homeDir)];
      const lines = createLines();
      // Long enough that edits in different lines can be merged.
      for (const name of fileNames)
        for (let line = 0; line < 12; line += 1)
          await edit(join(gateway.homeDir, `run-${runs}`, name), { what: "insert", line, lines });
      for (const host of hosts) await host.sync();
      for (const { place, file, line, what, callsMax } of actions) {
        const host = hosts[place - 1];
        if (what === "sync" || what === "cut")
          mergeCount += (await host?.sync(what === "cut" ? callsMax : undefined))?.merged.length ?? 0;
        else await edit(join(places[place]!, `run-${runs}`, fileNames[file]!), { what, line, lines });
      }
      const { rounds, merges } = await settle(hosts);
      mergeCount += merges;
      assert.ok(rounds < 8, `not settled after ${rounds} rounds`);
      const [home, ...copies] = await Promise.all(places.map(contents));
      for (const copy of copies) assert.deepEqual(copy, home);
      const all = [...home!.values()].join("\n");
      assert.deepEqual(
        [...lines.wanted].filter((wanted) => !all.includes(`${wanted}\n`)),
        [],
      );
    }),
    { numRuns: 8, seed: 20_261_130, endOnFailure: true },
  );
  assert.ok(mergeCount > 5, `${mergeCount} merges`);
});

/** Passes until neither host has anything to do. */
async function settle(hosts: JoinedHost[]): Promise<{ rounds: number; merges: number }> {
  let merges = 0;
  for (let rounds = 1; ; rounds += 1) {
    let changes = 0;
    for (const host of hosts) {
      const done = await host.sync();
      assert.deepEqual(done!.refused, []);
      merges += done!.merged.length;
      changes += Object.values(done!).flat().length;
    }
    if (changes === 0 || rounds === 8) return { rounds, merges };
  }
}

async function edit(
  path: string,
  { what, line, lines }: { what: string; line: number; lines: ReturnType<typeof createLines> },
): Promise<void> {
  const before = (await readFile(path, "utf8").catch(() => "")).split("\n").slice(0, -1);
  if (what === "remove") {
    lines.takeOut(before);
    return await rm(path, { force: true });
  }
  const at = Math.min(line, before.length);
  const removed = what === "insert" ? [] : before.slice(at, at + 1);
  lines.takeOut(removed);
  const added = what === "delete" ? [] : [lines.make()];
  const after = before.toSpliced(at, removed.length, ...added);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, after.map((one) => `${one}\n`).join(""));
}
