import assert from "node:assert/strict";
import { test } from "node:test";
import { dropParts, readPart } from "@roost/memory";
import { jobRun, openTestHome } from "../testing/open-test-home.ts";

test("readFileTool() gives a picture as a part, marked as the file is, and keeps it while the run is there", async () => {
  await using home = await openTestHome({ files: { "work/a/dot.gif": "GIF89a\u0001\0", "dot.gif": "GIF89a\u0002\0" } });
  const owner = await home.begin({});
  const read = (path: string) => ({ name: "read_file", arguments: { path } });
  const { answers } = await home.callTools(owner, [read("dot.gif"), read("work/a/dot.gif")]);
  const [own, written] = answers;
  assert.match(own?.text ?? "", /^{"path":"dot.gif"}\n\[image dot\.gif 8 B image\/gif #[0-9a-f]{12}\]$/);
  assert.deepEqual([own?.isUntrusted, written?.isUntrusted], [undefined, true], "a program may have written in work/");
  assert.ok(written?.parts?.[0]?.labels?.includes("trust:untrusted"));
  const { sha256 = "" } = own?.parts?.[0] ?? {};
  await home.test.clock.advance(2 * 86_400_000);
  assert.equal(await dropParts(home.memory), 0);
  assert.equal((await readPart(home.memory, sha256))?.bytes.byteLength, 8);
  const cron = await home.begin(jobRun("b"));
  const { answers: refused } = await home.callTools(cron, [read("dot.gif")]);
  assert.match(refused[0]?.text ?? "", /not visible to a cron session/);
});
