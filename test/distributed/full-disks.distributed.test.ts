/** A home whose worker's disk is full, and one whose S3 server takes no more: every run ends and says why, and afterwards work goes on. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { createTestDatabase } from "@roost/database/testing";
import { readSchemas } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import { startHome, withoutJobs } from "../../bench/src/living-home/start-home.ts";
import { hearEnd } from "../../bench/src/week/live-week.ts";
import { openSmallDisk, smallDiskSkip } from "../infra/open-small-disk.ts";
import { requirePart } from "../infra/parts.ts";
import { startS3 } from "../infra/start-s3.ts";

const s3 = await requirePart("s3");
const megabytes = 24;
/** That none of them compresses, or is the same as another. */
const textOf = (name: string) =>
  `${name}\n${Array.from({ length: 4_000 }, () => Math.random().toString(36)).join("\n")}`;

/** A home on a disk of its own whose agent writes the file that it is asked for, and then says what came of it. */
async function openHome({ directory, environment }: { directory?: string; environment?: Record<string, string> }) {
  await using opened = new AsyncDisposableStack();
  const texts = new Map<string, string>();
  const model = opened.use(
    await startScriptedModelServer({
      script: ({ messages, userText }) => {
        const last = messages.at(-1);
        if (last?.role === "tool") return `It said: ${JSON.stringify(last.content)}`.slice(0, 2_000);
        const name = /Write (\w+)/.exec(userText)![1]!;
        const text = textOf(name);
        texts.set(name, text);
        return { toolCalls: [{ name: "write_file", arguments: { path: `notes/${name}.md`, text } }] };
      },
    }),
  );
  const { url } = opened.use(await createTestDatabase({ migrations: await readSchemas(homeRooms) }));
  const home = opened.use(
    await startHome({
      databaseUrl: url,
      modelUrl: model.url,
      workerCount: 1,
      files: withoutJobs,
      ...(directory === undefined ? {} : { parentDirectory: directory }),
      ...(environment === undefined ? {} : { environment }),
    }),
  );
  const owned = opened.move();
  return {
    home,
    /** Resolves to what the agent said when its run had ended. */
    async ask(name: string): Promise<string> {
      const { runId } = await home.api.sendMessage({ sessionKey: "main", text: `Write ${name}` });
      const { state, text } = await hearEnd(home, runId);
      assert.equal(state, "done", home.readLogs());
      return text;
    },
    async assertThere(name: string): Promise<void> {
      const { bytes } = await home.api.getFile({ path: `notes/${name}.md` });
      assert.equal(Buffer.from(bytes).toString(), texts.get(name));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test(
  "A worker whose disk is full ends its run with the reason, loses nothing, and writes again when there is room",
  { skip: smallDiskSkip },
  async () => {
    await using disk = await openSmallDisk(megabytes);
    await using opened = await openHome({ directory: disk.directory });
    const { home, ask, assertThere } = opened;
    await ask("before");
    await disk.fill();
    assert.match(await ask("full"), /no space left|disk is full/i);
    assert.match(JSON.stringify((await home.api.getStatus()).alarms), /The disk of the home has 0 MiB left/);
    await disk.free();
    await ask("after");
    for (const name of ["before", "after"]) await assertThere(name);
    assert.match(await readFile(join(home.directory, "notes/after.md"), "utf8"), /^after\n/);
  },
);

test(
  "While an S3 server takes no more, a run ends with the reason, what is kept is read, and afterwards writing goes on",
  { skip: smallDiskSkip || s3.skip },
  async () => {
    await using disk = await openSmallDisk(megabytes);
    await using server = await startS3({ directory: disk.directory });
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const environment = {
      OBJECTS_URL: `s3://roost/home?endpoint=${encodeURIComponent(endpoint)}&region=${region}`,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    await using opened = await openHome({ environment });
    await opened.ask("before");
    await disk.fill();
    assert.match(await opened.ask("full"), /bucket|objects|S3/i);
    await opened.assertThere("before");
    await disk.free();
    await opened.ask("after");
    for (const name of ["before", "after"]) await opened.assertThere(name);
  },
);
