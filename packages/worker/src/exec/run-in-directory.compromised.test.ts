/** What git itself offers to an agent that was led astray: files that are in no commit, configuration, filters, submodules, names of refs and of remotes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { JsonObject } from "@roost/base";
import { listQuestions, listSteps } from "@roost/kernel";
import { findSandbox } from "@roost/sandbox";
import { openTestHome, type TestHome } from "../testing/open-test-home.ts";
import { make } from "./make-calls.fixture.ts";

const found = await findSandbox();
const options = { skip: found.isUsable ? false : found.reason };
const canary = "CANARY-the-blue-heron";
let root: string;
const at = (name: string) => join(root, name);
const gitIn = (name: string, ...args: string[]) =>
  execFileSync("git", ["-C", at(name), ...args], { encoding: "utf8", stdio: "pipe" });
const git = (...args: string[]) => gitIn("project", ...args);
const refsOf = (name: string) => gitIn(name, "for-each-ref", "--format=%(refname)").split("\n").filter(Boolean);

before(async () => {
  root = await mkdtemp(join(tmpdir(), "roost-hostile-"));
  for (const name of ["remote.git", "other.git"]) execFileSync("git", ["init", "--quiet", "--bare", at(name)]);
  execFileSync("git", ["init", "--quiet", "-b", "main", at("project")]);
  git("config", "user.name", "Ada");
  git("config", "user.email", "ada@example.com");
  await writeFile(at("project/read.md"), "A project\n");
  git("add", ".");
  git("commit", "--quiet", "-m", "A project");
  git("remote", "add", "origin", at("remote.git"));
  git("remote", "add", "team", at("remote.git"));
  git("remote", "add", "team/a", at("other.git"));
  git("remote", "add", "private", `https://ada:${canary}@git.invalid/site.git`);
  // What git ignores, what was put aside, and what was taken back again.
  await writeFile(at("project/.gitignore"), ".env\n");
  await writeFile(at("project/.env"), `KEY=${canary}\n`);
  await writeFile(at("project/draft.md"), `${canary}\n`);
  git("stash", "push", "--quiet", "--include-untracked", "-m", canary);
  await writeFile(at("project/.env"), `KEY=${canary}\n`);
  git("commit", "--quiet", "--allow-empty", "-m", canary);
  git("reset", "--quiet", "--hard", "HEAD~1");
});
after(() => rm(root, { recursive: true, force: true }));

async function open(): Promise<TestHome> {
  return openTestHome({
    settings: {
      exec: { repositories: { project: at("project") }, timeout: "60s" },
      agents: {
        coder: { exec: { repositories: ["project"] } },
        trusted: { exec: { repositories: ["project"] }, policies: { git_push: "allow" } },
      },
    },
  });
}

const inProject = { repository: "project" };
const exec = (command: string): [string, JsonObject] => ["exec", { command, ...inProject }];
const commit = (message: string) => exec(`git commit -q --allow-empty -m ${message} && git rev-parse HEAD`);

test(
  "a compromised model sees of a repository what its branches and tags lead to: no file, key or commit beside them",
  options,
  async () => {
    await using home = await open();
    const source = at("project");
    const { answers, run } = await make(home, [
      exec(`ls -aR ${source}; cat ${source}/.env ${source}/.git/config ${source}/.git/logs/HEAD ${source}/draft.md`),
      exec("git config --list --show-origin; git remote -v; git log --all --format=%s; git fsck --lost-found"),
      exec(`for o in $(git cat-file --batch-all-objects --batch-check='%(objectname)'); do git cat-file -p $o; done`),
      exec(`git fetch -q ${source} '+refs/*:refs/all/*' && git log --all --format=%H%s && git for-each-ref`),
      exec(`cat "$(dirname "$PWD")"/.mirror-*/config; find "$(dirname "$PWD")" -name '*' -path '*stash*'`),
    ]);
    assert.ok(
      !answers.join("\n").includes(canary),
      answers.find((each) => each.includes(canary)),
    );
    assert.match(answers[1]!, /A project/, "what is committed is there");
    assert.match(answers[3]!, /"exitCode":0/, "and can be fetched by the address that the person knows");
    const steps = (await listSteps(home.kernel.database, run.id)).filter(({ name }) => name.includes(":exec#"));
    assert.equal(steps.length, answers.length, "each attempt is a step");
    // What the person commits later is fetched.
    git("commit", "--quiet", "--allow-empty", "-m", "Later");
    const later = await make(home, [exec("git fetch -q origin && git log -1 --format=%s origin/main")]);
    assert.match(later.answers[0]!, /Later/);
  },
);

test(
  "a compromised model brings nothing to run by the configuration, filters, submodules and hooks of its clone",
  options,
  async () => {
    await using home = await open();
    const escaped = at("escaped");
    const touch = `touch ${escaped}`;
    const hooks = `for h in pre-commit post-checkout post-merge reference-transaction pre-push update post-update pre-receive fsmonitor-watchman; do printf '#!/bin/sh\\n${touch}\\nexit 0\\n' > .git/hooks/$h; chmod +x .git/hooks/$h; done`;
    const settings = [
      ["core.fsmonitor", touch],
      ["core.sshCommand", touch],
      ["core.gitProxy", touch],
      ["core.alternateRefsCommand", touch],
      ["core.hooksPath", ".git/hooks"],
      ["alias.push", `!${touch}`],
      ["filter.x.smudge", touch],
      ["filter.x.clean", touch],
      ["filter.x.process", touch],
      ["diff.external", touch],
      ["uploadpack.packObjectsHook", touch],
      ["gpg.program", touch],
      ["commit.gpgSign", "true"],
      ["remote.origin.uploadpack", touch],
      ["remote.origin.receivepack", touch],
      ["remote.evil.url", `ext::sh -c ${touch}`],
      ["protocol.ext.allow", "always"],
      [`url.${at("other.git")}.insteadOf`, at("remote.git")],
      [`url.${at("other.git")}.pushInsteadOf`, at("remote.git")],
      ["include.path", "/etc/passwd"],
    ];
    const configure = settings.map(([name, value]) => `git config '${name}' '${value}'`).join("; ");
    const submodule = `printf '[submodule "x"]\\npath = x\\nurl = ext::sh -c ${touch}\\n' > .gitmodules; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),x`;
    const { answers } = await make(home, [
      exec(
        `printf '* filter=x\\n' > .gitattributes; ln -s /etc/passwd out; ln -s ${root} up; ${submodule}; git add .; git commit -qm Odd; git rev-parse HEAD`,
      ),
      exec(`${hooks}; ${configure}`),
      ["git_push", { ...inProject, branch: "agents/odd" }],
      ["git_push", { ...inProject, remote: "evil", branch: "x" }],
      // A push after the clone's own .git is another's.
      exec(`git rev-parse HEAD; mv .git kept; echo 'gitdir: ${at("project/.git")}' > .git; git config a.b c`),
      ["git_push", { ...inProject, branch: "agents/file" }],
      exec("rm .git; mv kept .git"),
    ]);
    assert.ok(!existsSync(escaped), "nothing of it ran outside");
    assert.match(answers[2]!, /agents\/odd is pushed to origin/);
    assert.match(answers[3]!, /project has no remote evil/);
    assert.match(answers[5]!, /Error \(conflict\).*nothing to push/);
    assert.deepEqual(refsOf("other.git"), [], "the address of a remote is the person's");
    assert.deepEqual(refsOf("remote.git"), ["refs/heads/agents/odd"]);
    assert.throws(() => git("config", "a.b"));
  },
);

test(
  "a compromised model that may push goes to no ref but branches, by no odd name, with no commit that harms who takes it",
  options,
  async () => {
    await using home = await open();
    await rm(at("remote.git"), { recursive: true });
    execFileSync("git", ["init", "--quiet", "--bare", at("remote.git")]);
    const odd = [
      "--mirror",
      "-f",
      "+main",
      ":main",
      "main:other",
      "HEAD",
      "@",
      "@{-1}",
      "a..b",
      "a.lock",
      "../../config",
      "a//b",
      "x y",
      "a\nb",
      "main^{}",
    ];
    const trusted = { agent: "trusted" };
    const calls: [string, JsonObject][] = [
      commit("one"),
      ...odd.map((branch): [string, JsonObject] => ["git_push", { ...inProject, branch }]),
      ["git_push", { ...inProject, branch: "x", remote: "--upload-pack=touch" }],
      ["git_push", { ...inProject, branch: "x", remote: at("other.git") }],
      ["git_push", { ...inProject, branch: "x", remote: "." }],
      ["git_push", { ...inProject, branch: "x", commit: "0".repeat(40) }],
      ["git_push", { ...inProject, branch: "x", commit: "HEAD" }],
    ];
    const { answers } = await make(home, calls, trusted);
    assert.equal(answers.length, calls.length);
    for (const [index, answer] of answers.slice(1).entries())
      assert.match(answer, /Error \(/, `${odd[index]}: ${answer}`);
    assert.deepEqual([refsOf("remote.git"), refsOf("other.git")], [[], []]);
    // What writes into .git of who checks it out, or has their git run a program, is taken by nobody.
    const hooks = `sub=$(printf '100755 blob %s\\tpost-checkout\\n' $blob | git mktree); hooks=$(printf '040000 tree %s\\thooks\\n' $sub | git mktree); tree=$(printf '040000 tree %s\\t.GIT\\n' $hooks | git mktree)`;
    const submodule = `blob=$(printf '[submodule "x"]\\npath = x\\nurl = x\\nupdate = !touch x\\n' | git hash-object -w --stdin); tree=$(printf '100644 blob %s\\t.gitmodules\\n' $blob | git mktree)`;
    for (const [index, making] of [hooks, submodule].entries()) {
      const hostile = await make(
        home,
        [
          exec(`blob=$(echo x | git hash-object -w --stdin); ${making}; git commit-tree -m Hostile -p HEAD $tree`),
          ["git_push", { ...inProject, branch: `hostile-${index}` }],
        ],
        trusted,
      );
      assert.match(hostile.answers[1]!, /Error \(conflict\).*nothing was pushed/);
      assert.ok(!hostile.answers[1]!.includes("Command failed"), "what git said, not how it was called");
    }
    assert.deepEqual(refsOf("remote.git"), []);
    assert.ok(!refsOf("project").some((ref) => ref.includes("hostile")), "nor does the person's repository keep it");
  },
);

test(
  "a grant for a branch of a remote is none for another remote whose name begins alike, and a push takes no tags along",
  options,
  async () => {
    await using home = await open();
    git("config", "push.followTags", "true");
    git("config", "push.recurseSubmodules", "on-demand");
    git("tag", "-a", "private-note", "-m", canary, "main");
    const asked = async (calls: [string, JsonObject][], answer: string) => {
      const made = await make(home, calls, { answer });
      return (await listQuestions(home.kernel, { runId: made.run.id })).map(({ details }) => details?.["target"]);
    };
    const toTeam = { ...inProject, remote: "team", branch: "a/main" };
    assert.deepEqual(await asked([commit("two"), ["git_push", toTeam]], "approve-always"), ["project:team/a/main"]);
    assert.deepEqual(await asked([commit("three"), ["git_push", toTeam]], "refuse"), [], "it is granted");
    const other = { ...inProject, remote: "team/a", branch: "main" };
    assert.deepEqual(await asked([commit("four"), ["git_push", other]], "refuse"), ["project:team%2Fa/main"]);
    assert.deepEqual(refsOf("other.git"), []);
    assert.deepEqual(refsOf("remote.git"), ["refs/heads/a/main"], "no tag went along");
  },
);

test("what a push says of its remote holds no password of its address", options, async () => {
  await using home = await open();
  const { answers } = await make(home, [
    commit("five"),
    ["git_push", { ...inProject, remote: "private", branch: "x" }],
  ]);
  assert.match(answers[1]!, /did not take x/);
  assert.ok(!answers.join("\n").includes(canary), answers[1]);
  assert.match(await readFile(at("project/.git/config"), "utf8"), new RegExp(canary), "the search is not blind");
});
