/**
 * Every pair of changes at the home and on a host, and a pass that is killed before any step on the disk or to the home: nothing that was written is lost,
 * and both are the same afterwards.
 */
import assert from "node:assert/strict";
import fs, { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { syncCopy } from "../../apps/cli/src/copy/sync-copy.ts";
import { createTestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { contents, joinHost, openDirectory, type JoinedHost } from "./joined-host.ts";

const twelve = (first: string, last: string) =>
  [first, ...Array.from("bcdefghijk"), last].map((line) => `${line}\n`).join("");

/** What both have first. */
const before: Readonly<Record<string, string | Buffer>> = {
  "merged.md": twelve("a", "l"),
  "diverged.md": "one line\n",
  "picture.png": Buffer.from("\0\xff", "latin1"),
  "taken.sh": "#!/bin/sh\n",
  "brought.md": "one\r\ntwo\r\n",
  "removed.md": "goes at the home\n",
  "deleted.md": "goes here\n",
  "removed-edited.md": "old\n",
  "deleted-edited.md": "old\n",
  "emptied.md": "old\n",
  "emptied-there.md": "old\n",
  "folder/one.md": "one\n",
  "folder/deep/two.md": "two\n",
  file: "a file\n",
  "swap/one.md": "one\n",
  "Name.md": "a name\n",
  "caf\u00e9.md": "composed\n",
};

/** Edits of one side; undefined: removed. Each new text is in no other file. */
type Edits = readonly (readonly [path: string, content: string | Buffer | undefined])[];

const atHome: Edits = [
  ["merged.md", twelve("first of the home", "l")],
  ["diverged.md", "line of the home\n"],
  ["picture.png", Buffer.from("\0 of the home \xff", "latin1")],
  ["taken.sh", "#!/bin/sh\necho of the home\n"],
  ["removed.md", undefined],
  ["removed-edited.md", undefined],
  ["deleted-edited.md", "edited at the home\n"],
  ["emptied-there.md", ""],
  ["swap/one.md", undefined],
  ["swap", "a file of the home\n"],
  ["Name.md", "a name of the home\n"],
  ["caf\u00e9.md", "composed, of the home\n"],
  ["new.md", "new at the home\n"],
];

const onHost: Edits = [
  ["merged.md", twelve("a", "last of the host")],
  ["diverged.md", "line of the host\n"],
  ["picture.png", Buffer.from("\0 of the host \xff", "latin1")],
  ["brought.md", "one\r\ntwo of the host\r\n"],
  ["deleted.md", undefined],
  ["removed-edited.md", "edited on the host\n"],
  ["deleted-edited.md", undefined],
  ["emptied.md", ""],
  ["folder/one.md", undefined],
  ["folder/deep/two.md", undefined],
  ["folder", "a file of the host\n"],
  ["file", undefined],
  ["file/one.md", "in a folder of the host\n"],
  ["name.md", "a name of the host\n"],
  ["Name.md", undefined],
  ["cafe\u0301.md", "decomposed, of the host\n"],
  ["new.md", "new on the host\n"],
];

async function edit(homeDir: string, run: string, edits: Edits): Promise<void> {
  for (const [path, content] of edits) {
    const absolute = join(homeDir, run, path);
    if (content === undefined) {
      await rm(absolute);
      // As a person replaces a folder by a file.
      if (path.startsWith("swap/") || path === "folder/deep/two.md")
        await rm(join(homeDir, run, path.split("/")[0]!), { recursive: true });
    } else {
      await mkdir(dirname(absolute), { recursive: true });
      await writeFile(absolute, content);
    }
  }
}

/** Of each edit what a person would miss; bytes as the test reads them. */
const wanted = [...atHome, ...onHost].flatMap(([path, content]) => {
  if (content === undefined || content.length === 0) return [];
  if (path !== "merged.md") return [String(content)];
  return String(content).includes("home") ? ["first of the home\n"] : ["last of the host\n"];
});

const changing = ["chmod", "link", "mkdir", "open", "rename", "rm", "rmdir"] as const;

/** Runs a pass until it would take this step, and never goes on: as by a kill. False: it has fewer. */
async function passUntil({ homeDir, client }: JoinedHost, host: string, step: number): Promise<boolean> {
  let steps = 0;
  const killed = Promise.withResolvers<"killed">();
  const take = async () => {
    steps += 1;
    if (steps < step) return;
    killed.resolve("killed");
    await new Promise(() => {});
  };
  const of: Record<string, unknown> = fs;
  const real = new Map(changing.map((name) => [name, of[name] as (...args: unknown[]) => Promise<unknown>]));
  const restore = () => {
    for (const [name, call] of real) of[name] = call;
    syncBuiltinESMExports();
  };
  for (const [name, call] of real)
    of[name] = async (...args: unknown[]) => {
      if (String(args[0]).startsWith(homeDir)) await take();
      return await call(...args);
    };
  syncBuiltinESMExports();
  const calling = new Proxy(client, {
    get: (target, id) => async (input: never, options: never) => {
      await take();
      const answer: unknown = await (target[id as "listFiles"] as (...args: never[]) => Promise<unknown>)(
        input,
        options,
      );
      await take();
      return answer;
    },
  });
  try {
    const pass = syncCopy({ client: calling, homeDir, host }).then(() => "ended" as const);
    return (await Promise.race([pass, killed.promise])) === "killed";
  } finally {
    restore();
  }
}

async function textsOf(...directories: string[]): Promise<string> {
  const all = await Promise.all(directories.map((directory) => contents(directory).catch(() => new Map())));
  return all.flatMap((files) => [...files.values()] as string[]).join("\n");
}

function assertWanted(all: string, when: string): void {
  assert.deepEqual(
    wanted.filter((text) => !all.includes(text)),
    [],
    when,
  );
}

/** Between two kills that are tried; 1 tries each. */
const stride = 13;

test("Whatever two places change of a file, and wherever a pass is killed, nothing is lost and both come together", async (t) => {
  await using gateway = await createTestGateway();
  let isLeft = true;
  for (let step = 1; isLeft; step += stride) {
    const run = `run-${step}`;
    const laptop = await joinHost(gateway, run, await openDirectory(t));
    await edit(gateway.homeDir, run, Object.entries(before));
    await laptop.sync();
    await chmod(join(laptop.homeDir, run, "taken.sh"), 0o755);
    await edit(gateway.homeDir, run, atHome);
    await edit(laptop.homeDir, run, onHost);
    isLeft = await passUntil(laptop, run, step);
    const copy = join(laptop.homeDir, ".roost/copy");
    const places = [gateway.homeDir, laptop.homeDir, join(copy, "aside"), join(copy, "taken")];
    assertWanted(await textsOf(...places), `killed before step ${step}`);
    let changes = 1;
    for (let round = 1; changes > 0; round += 1) {
      assert.ok(round < 8, `step ${step}: not settled after ${round} passes`);
      const done = (await laptop.sync())!;
      const { refused, ...others } = done;
      if (round > 2) assert.deepEqual(refused, [], `step ${step}`);
      changes = Object.values(others).flat().length + refused.length;
    }
    const [home, here] = [await contents(gateway.homeDir), await contents(laptop.homeDir)];
    assert.deepEqual(here, home, `step ${step}`);
    assertWanted([...home.values()].join("\n"), `step ${step}`);
    const names = [...home.keys()].filter((path) => path.startsWith(`${run}/`));
    for (const gone of ["removed.md", "deleted.md", "folder/one.md", "swap/one.md"])
      assert.ok(!names.includes(`${run}/${gone}`), `step ${step}: ${gone} is back`);
    for (const there of ["folder", "file/one.md", "swap", "name.md", "Name.md", "cafe\u0301.md", "caf\u00e9.md"])
      assert.ok(names.includes(`${run}/${there}`), `step ${step}: ${there}`);
    assert.equal((await stat(join(laptop.homeDir, run, "taken.sh"))).mode & 0o777, 0o755);
    assert.equal(await readFile(join(laptop.homeDir, run, "brought.md"), "utf8"), "one\r\ntwo of the host\r\n");
    assert.equal(home.get(`${run}/emptied.md`), "");
    await rm(join(gateway.homeDir, run), { recursive: true });
    t.diagnostic(`step ${step}`);
  }
});
