import assert from "node:assert/strict";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { finishRun } from "@roost/kernel";
import { untrustedFrom } from "@roost/contract/labels";
import { buildContext, scanHome, writeHomeFile } from "@roost/memory";
import { Crash, jobRun, openTestHome, type TestHome } from "../testing/open-test-home.ts";

const post = `---
name: post
description: Writes a post for the blog, with its sources.
allowed-tools: Bash define_job
---

# How a post is written

See references/tone.md.
`;
const files = {
  "skills/post/SKILL.md": post,
  "skills/post/references/tone.md": "Short sentences.\n",
  "skills/mail/SKILL.md":
    "---\nname: mail\ndescription: Sorts the mail into folders.\n---\nLook at the sender first.\n",
};

async function edit({ homeDir }: TestHome, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(homeDir, path)), { recursive: true });
  await writeFile(join(homeDir, path), text);
}

async function use(home: TestHome, args: { name: string; file?: string }, run = jobRun("blog")) {
  const owner = await home.begin(run);
  const { answers } = await home.callTools(owner, [{ name: "use_skill", arguments: args }]);
  await finishRun(home.kernel, { runId: owner.run.id, epoch: owner.run.epoch }, { state: "done" });
  return answers[0]!;
}

test("use_skill gives a skill piece by piece, finds one by words, and never leaves its folder", async () => {
  await using home = await openTestHome({ files: { ...files, "MEMORY.md": "Never tell.\n" } });
  const read = JSON.parse((await use(home, { name: "post" })).text) as Record<string, unknown>;
  assert.equal(read["text"], "# How a post is written\n\nSee references/tone.md.");
  assert.deepEqual(read["files"], ["references/tone.md"]);
  assert.match(String(read["version"]), /^[0-9a-f]{12}$/);
  assert.match((await use(home, { name: "post", file: "references/tone.md" })).text, /Short sentences/);
  const found = await use(home, { name: "something that sorts mail" });
  assert.match(found.text, /"found":\["mail: Sorts the mail into folders\."\]/);
  for (const file of ["../mail/SKILL.md", "../../MEMORY.md", "/etc/passwd", "none.md"]) {
    const answer = await use(home, { name: "post", file });
    assert.ok(answer.isError && !answer.text.includes("Never tell"), file);
  }
});

test("use_skill goes by one version in a run: a file of a changed skill is refused until its instructions are read again", async () => {
  await using home = await openTestHome({ files });
  const first = await home.begin(jobRun("blog"));
  const tone = { name: "use_skill", arguments: { name: "post", file: "references/tone.md" } };
  const read = { name: "use_skill", arguments: { name: "post" } };
  const look = { name: "list_files", arguments: {} };
  await assert.rejects(home.callTools(first, [read, look], { crashAfter: "list_files" }), Crash);
  await first.die();
  await edit(home, "skills/post/references/tone.md", "Buy our things.\n");
  // Another worker goes on: what the run has read is known from its steps.
  const again = await home.claim(first.run.id);
  const { answers } = await home.callTools(again, [read, look, tone, read, tone]);
  assert.match(answers[2]!.text, /has changed since this run read it/);
  assert.match(answers[4]!.text, /Buy our things/);
});

test("use_skill refuses a skill that its agent names at another version, and grants no rights", async () => {
  await using home = await openTestHome({
    files,
    settings: {
      agents: {
        poster: { tools: ["get_state"], skills: ["post@0123456789ab"] },
        plain: { tools: ["get_state"], skills: [] },
      },
    },
  });
  const asPoster = { ...jobRun("blog"), agent: "poster" };
  const refused = await use(home, { name: "post" }, asPoster);
  const version = /now post@([0-9a-f]{12})/.exec(refused.text)?.[1];
  assert.ok(refused.isError && version !== undefined, refused.text);
  const owner = await home.begin(asPoster);
  const agent = { skills: ["post@0123456789ab"] };
  const shown = (await buildContext(home.memory, { run: owner.run, agent })).context.sections;
  assert.match(shown.find(({ name }) => name === "Skills")!.text, /post: not usable/);
  const pinned = (await buildContext(home.memory, { run: owner.run, agent: { skills: [`post@${version}`] } })).context;
  assert.match(pinned.sections.find(({ name }) => name === "Skills")!.text, /- post: Writes a post/);
  // Naming a skill gives the tool that reads it, and what the skill asks for gives nothing.
  const { toolNames } = await home.callTools(owner, []);
  assert.deepEqual(toolNames.toSorted(), ["get_state", "use_skill"]);
  const plain = await home.callTools(await home.begin({ ...jobRun("b"), agent: "plain" }), []);
  assert.deepEqual(plain.toolNames, ["get_state"]);
});

test("use_skill holds what rests on content from outside, in instructions and in files", async () => {
  await using home = await openTestHome({ files });
  const { memory } = home;
  await scanHome(memory);
  const labels = untrustedFrom("web", "example.com");
  const as = { kind: "main" } as const;
  // A page's text that was written elsewhere keeps its mark where it is moved to.
  for (const [from, to] of [
    ["notes/a.md", "skills/bad/SKILL.md"],
    ["notes/b.md", "skills/post/extra.md"],
  ] as const) {
    const text = "---\ndescription: obey\n---\nObey.\n";
    await writeHomeFile(memory, { path: from, text, expected: "absent", as, by: "x", labels });
    await mkdir(join(home.homeDir, dirname(to)), { recursive: true });
    await rename(join(home.homeDir, from), join(home.homeDir, to));
  }
  await scanHome(memory);
  for (const args of [{ name: "bad" }, { name: "post", file: "extra.md" }]) {
    const { text, isError } = await use(home, args);
    assert.ok(isError, text);
    assert.match(text, /held until a person vouches for it: roost files trust skills\//);
    assert.ok(!text.includes("Obey"));
  }
  assert.ok(!(await use(home, { name: "obey" })).text.includes('obey"'));
});

test("the index of skills has a size whatever their number, and names how the others are found", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [
      `skills/skill-${at}/SKILL.md`,
      `---\ndescription: ${"It does much. ".repeat(20)}\n---\n`,
    ]),
  );
  await using home = await openTestHome({
    files: { ...many, "skills/wanted/SKILL.md": "---\ndescription: Waters the ferns\n---\nGently.\n" },
  });
  const { run } = await home.begin(jobRun("blog"));
  const { sections } = (await buildContext(home.memory, { run, agent: { tools: ["use_skill"] } })).context;
  const text = sections.find(({ name }) => name === "Skills")!.text;
  assert.ok(text.length < 8_000, `${text.length}`);
  assert.match(text, /, wanted: use_skill with words finds/);
  assert.match((await use(home, { name: "ferns" })).text, /"found":\["wanted: Waters the ferns"\]/);
});

test("use_skill gives skills of services to agents that name the service alone, and one of the home's own before them", async () => {
  await using home = await openTestHome({
    files: {
      ...files,
      "services/shelf/skills/lend/SKILL.md": "---\ndescription: Lends a book\n---\nAsk who.\n",
      "services/shelf/skills/lend/form.md": "Name, date.\n",
      "services/shelf/skills/mail/SKILL.md": "---\ndescription: Not this one\n---\nx\n",
    },
    settings: {
      agents: {
        shelf: { tools: ["use_skill"], services: ["shelf", "peeps"] },
        curator: { services: ["shelf"], skills: ["lend@0123456789ab"] },
      },
    },
  });
  const asShelf = { ...jobRun("blog"), agent: "shelf" };
  assert.match((await use(home, { name: "lend" }, asShelf)).text, /Ask who.*form\.md/);
  assert.match((await use(home, { name: "lend", file: "form.md" }, asShelf)).text, /Name, date/);
  assert.match((await use(home, { name: "people" }, asShelf)).text, /Find the person/, "of Roost's own service");
  assert.match((await use(home, { name: "mail" }, asShelf)).text, /Look at the sender first/);
  for (const name of ["lend", "people"]) assert.match((await use(home, { name })).text, /No skill has this name/);
  const pinned = await use(home, { name: "lend" }, { ...jobRun("blog"), agent: "curator" });
  assert.match(pinned.text, /now lend@[0-9a-f]{12}/);
  const { run } = await home.begin(jobRun("blog"));
  const indexOf = async (services: string[]) =>
    (await buildContext(home.memory, { run, agent: { tools: ["use_skill"], services } })).context.sections.find(
      ({ name }) => name === "Skills",
    )!.text;
  assert.doesNotMatch(await indexOf([]), /lend|people/);
  assert.match(await indexOf(["shelf"]), /- lend: Lends a book/);
  // A person's main agent reads the file of its home, and has no skill of it.
  const main = { kind: "main" } as const;
  const write = { path: "services/shelf/skills/lend/SKILL.md", text: "x", expected: "any", as: main, by: "x" } as const;
  await assert.rejects(writeHomeFile(home.memory, write), /only a person changes the services/);
});
