/** Each rule turns red on a small bad sample, says what to do, and stays silent on a good one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRepository } from "./repository.ts";
import { applyRule, rules } from "./rules.ts";

type Contents = Record<string, string>;

const manifest = (name: string, more: object = {}) =>
  JSON.stringify({
    name,
    private: true,
    license: "Apache-2.0",
    type: "module",
    exports: { ".": "./src/index.ts" },
    ...more,
  });

/** Two rooms as they should be. */
const house: Contents = {
  "package.json": manifest("roost", { exports: {}, devDependencies: { knip: "6.44.2" } }),
  "package-lock.json": JSON.stringify({ packages: { "": {} } }),
  "README.md": "# Roost\n",
  LICENSE: "Apache\n",
  "docs/ARCHITECTURE.md": "# Architecture\n",
  "docs/GLOSSARY.md": "# Glossary\n",
  "docs/decisions/001-one-log.md": "# One log\n\n## When to revisit\n\nNever.\n",
  "packages/base/package.json": manifest("@roost/base", {
    exports: { ".": "./src/index.ts", "./text": "./src/text.ts" },
  }),
  "packages/base/README.md": "# @roost/base\n\nFloor 0. It will never fly.\n",
  "packages/base/src/index.ts": 'export { sayChirp } from "./birds/say-chirp.ts";\n',
  "packages/base/src/text.ts": 'export { sayChirp } from "./birds/say-chirp.ts";\n',
  "packages/base/src/birds/say-chirp.ts": 'export const sayChirp = () => "chirp";\n',
  "packages/base/src/birds/say-chirp.test.ts": 'import "./say-chirp.ts";\n',
  "packages/kernel/package.json": manifest("@roost/kernel"),
  "packages/kernel/README.md": "# @roost/kernel\n\nFloor 2. It will never sing.\n",
  "packages/kernel/src/index.ts": 'export { chirpTwice } from "./chirp-twice.ts";\n',
  "packages/kernel/src/chirp-twice.ts":
    'import { sayChirp } from "@roost/base";\nexport const chirpTwice = () => sayChirp() + sayChirp();\n',
  "packages/kernel/src/001-log.sql":
    "-- One row per bird.\nCREATE TABLE bird (name text DEFAULT 'a;b');\nCREATE INDEX ON bird (name);\n",
};

const samples: { rule: string; bad: Contents; says: RegExp[] }[] = [
  {
    rule: "rooms import from lower floors only, and what is exported",
    bad: {
      "packages/base/src/up.ts": 'import type { A } from "@roost/kernel";\n',
      "packages/base/src/own.ts": 'import { sayChirp } from "@roost/base";\n',
      "packages/base/src/unknown.ts": 'import { a } from "@roost/attic";\n',
      "packages/kernel/src/deep.ts": 'export * from "@roost/base/birds/say-chirp";\n',
      "packages/kernel/src/out.ts": 'const a = await import("../../base/src/index.ts");\n',
      "packages/attic/src/new.ts": 'import { sayChirp } from "@roost/base";\n',
      "packages/attic/package.json": manifest("@roost/attic"),
      "apps/cli/package.json": manifest("@roost/cli"),
      "services/peeps/package.json": manifest("@roost/peeps", {
        exports: { "./contract": "./contract.ts", "./readers": "./readers.ts" },
      }),
      "services/eco/service.ts":
        'import { peeps } from "@roost/peeps/contract";\nimport { readCard } from "@roost/peeps/readers";\n',
      "apps/gateway/src/main.ts": 'import { run } from "@roost/cli";\n',
    },
    says: [
      /up\.ts:1 floor 0 imports @roost\/kernel on floor 2: take what you need as an argument/,
      /own\.ts:1 imports its own package: name the file/,
      /unknown\.ts:1 packages\/attic has no floor|floor/,
      /deep\.ts:1 imports @roost\/base\/birds\/say-chirp, which packages\/base does not export/,
      /out\.ts:1 reaches out of its room to packages\/base\/src\/index\.ts/,
      /new\.ts:1 packages\/attic has no floor/,
      /eco\/service\.ts:2 floor 5 imports @roost\/peeps on floor 5/,
      /main\.ts:1 imports the app cli: apps are started by path/,
    ],
  },
  {
    rule: "programs load at their start only what their list says",
    bad: {
      "apps/supervisor/src/main.ts":
        'import { chirpTwice } from "@roost/kernel";\nimport type { Pool } from "pg";\nawait import("yaml");\n',
      "packages/base/src/birds/say-chirp.ts":
        'import { parse } from "@some/parser/fast";\nexport const sayChirp = parse;\n',
    },
    says: [
      /say-chirp\.ts is loaded at the start of apps\/supervisor\/src\/main\.ts and loads @some\/parser \(by .*main\.ts → .*index\.ts → .*chirp-twice\.ts → /,
      /main\.ts does not load pg any more: take that off the list/,
    ],
  },
  {
    rule: "folders of a package do not reach each other",
    bad: {
      "packages/kernel/src/runs/run.ts": 'import type { Job } from "../jobs/job.ts";\n',
      "packages/kernel/src/jobs/job.ts": 'import { x } from "../open.ts";\n',
      "packages/kernel/src/open.ts": 'import { run } from "./runs/run.ts";\n',
    },
    says: [/folders of packages\/kernel reach each other: jobs → open\.ts → runs → jobs .*move what both need/],
  },
  {
    rule: "an index is for others, and the only barrel",
    bad: {
      "packages/kernel/src/runs/run.ts": 'import { chirpTwice } from "../index.ts";\nexport const run = chirpTwice;\n',
      "packages/kernel/src/runs/index.ts": 'export * from "./run.ts";\n',
    },
    says: [/run\.ts:1 imports the index of its own package/, /runs\/index\.ts only passes on/],
  },
  {
    rule: "files are named after what they export, with words that say something",
    bad: {
      "packages/base/src/sayTweet.ts": "export const sayTweet = 1;\n",
      "packages/base/src/sing.ts": "export const whistle = 1;\n",
      "apps/cage/src/Bird.tsx": "export const Parrot = () => <i />;\n",
      "packages/base/src/bird-utils.ts": "export const birdUtils = 1;\n",
      "packages/base/src/run.ts": "export interface RunInfo {}\nexport const runV2 = 1;\n",
    },
    says: [
      /"sayTweet" is not in kebab case/,
      /Bird\.tsx "Bird" is not what it exports: name the file after its component/,
      /sing\.ts exports whistle, none of which is its name/,
      /bird-utils\.ts "utils" in packages\/base\/src\/bird-utils\.ts says nothing/,
      /bird-utils\.ts:1 "utils" in birdUtils/,
      /run\.ts:1 "info" in RunInfo/,
      /run\.ts:2 "V2" in runV2/i,
    ],
  },
  {
    rule: "a type name means one thing",
    bad: {
      "packages/base/src/lock.ts": "export interface Lock {}\n",
      "packages/base/src/other-lock.ts": "export type Lock = string;\nexport type { Lock as Key } from './lock.ts';\n",
    },
    says: [/other-lock\.ts:1 declares the type Lock, as packages\/base\/src\/lock\.ts does/],
  },
  {
    rule: "files are short or say why, and open with what they own",
    bad: {
      "packages/base/src/huge.ts": "// Huge.\n".repeat(501),
      "packages/base/src/long.ts": `// Owns much.\n\n${"export {};\n".repeat(300)}`,
      "packages/base/src/silent.ts": "export {};\n".repeat(51),
      "packages/base/src/wordy.ts": `/**\n${" * word\n".repeat(9)} */\n${"export {};\n".repeat(51)}`,
    },
    says: [
      /huge\.ts has 501 lines, 500 is the limit/,
      /long\.ts has 302 lines: split it/,
      /silent\.ts:1 has 51 lines: open it/,
      /wordy\.ts:1 opens with more than/,
    ],
  },
  {
    rule: "environment, printing, clock and randomness have one place each",
    bad: {
      "packages/kernel/src/a.ts": [
        'process.env["HOME"];',
        "console.log(1);",
        "Date.now();",
        "Math.random();",
        'span.set("gen_ai.system");',
        "process.stdout.write(text);",
      ].join("\n"),
    },
    says: [
      /a\.ts:1 reads the environment/,
      /a\.ts:2 prints/,
      /a\.ts:3 asks the system for the time/,
      /a\.ts:4 makes up a number/,
      /a\.ts:5 names a telemetry/,
      /a\.ts:6 prints/,
    ],
  },
  {
    rule: "errors have a code and a sentence",
    bad: {
      "packages/kernel/src/a.ts":
        'throw new Error("no");\nthrow new RoostError("conflict", "the nest is taken.");\nthrow new RoostError(\n  "conflict",\n  `the nest of ${bird} is taken.`,\n);\n',
    },
    says: [
      /a\.ts:1 throws a plain error/,
      /a\.ts:2 ends an error's message with a period/,
      /a\.ts:3 ends an error's message/,
    ],
  },
  {
    rule: "nothing is left for later",
    bad: {
      "packages/kernel/src/a.ts": "// TODO: fly\nlet count = 0;\n",
      "packages/kernel/src/a.test.ts":
        // tidy: it is the bad example.
        'test.skip("a", () => {});\ntest("b", { todo: true }, () => {});\nawait delay(10);\n',
    },
    says: [
      /a\.ts:1 leaves a note/,
      /a\.ts:2 keeps state/,
      /a\.test\.ts:1 switches a test off/,
      /a\.test\.ts:2 switches a test off/,
      /a\.test\.ts:3 sleeps/,
    ],
  },
  {
    rule: "tests stand beside what they test",
    bad: { "packages/kernel/src/lonely.test.ts": 'import { chirpTwice } from "./chirp-twice.ts";\n' },
    says: [/lonely\.test\.ts tests nothing beside it/],
  },
  {
    rule: "documents are there and short",
    bad: {
      LICENSE: "",
      "docs/ARCHITECTURE.md": "line\n".repeat(201),
      "docs/decisions/two.md": "## When to revisit\n",
      "docs/decisions/002-kafka.md": "# Kafka\n",
      "packages/base/README.md": "# base\n",
      "packages/worker/package.json": manifest("@roost/worker"),
      "packages/kernel/README.md": `Floor 3, never.\n${"line\n".repeat(41)}`,
    },
    says: [
      /ARCHITECTURE\.md has 201 lines/,
      /two\.md is not named like a decision/,
      /002-kafka\.md does not say when/,
      /base\/README\.md does not name its floor: write "Floor 0"/,
      /base\/README\.md does not say what the room will never do/,
      /worker\/README\.md is missing/,
      /kernel\/README\.md does not name its floor: write "Floor 2"/,
      /kernel\/README\.md has 42 lines/,
    ],
  },
  {
    rule: "packages are pinned and complete",
    bad: {
      "packages/kernel/package.json": JSON.stringify({
        name: "@roost/colonel",
        license: "MIT",
        exports: { ".": "./src/gone.ts" },
        dependencies: { zod: "^4.0.0", knip: "6.0.0" },
      }),
      "package-lock.json": JSON.stringify({
        packages: {
          "node_modules/a": {
            resolved: "https://registry.example/a.tgz",
            optionalDependencies: { "@a/linux-x64": "1.0.0" },
          },
        },
      }),
    },
    says: [
      /has the licence MIT/,
      /"type": "module"/,
      /is not private/,
      /is named @roost\/colonel: its folder says @roost\/kernel/,
      /exports \. as \.\/src\/gone\.ts/,
      /zod@\^4\.0\.0: name one exact version/,
      /knip@6\.0\.0, package\.json for 6\.44\.2/,
      /names the registry of node_modules\/a/,
      /lacks @a\/linux-x64, so that npm ci refuses it/,
    ],
  },
  {
    rule: "every SQL statement says which invariant it keeps",
    bad: {
      "packages/kernel/src/002-runs.sql":
        "CREATE TABLE a ();\n\n-- Said.\nCREATE FUNCTION f() AS $$\n\nSELECT 1;\n\nSELECT 2; $$;\n\nCREATE TABLE c ();\n",
    },
    says: [/002-runs\.sql:1 opens a statement/, /002-runs\.sql:10 opens a statement/],
  },
  {
    rule: "the project speaks of itself alone",
    bad: {
      "docs/GLOSSARY.md":
        "See /work/main/docs.\nIn /home/bob/roost.\nFrom registry.corp.example.\nGenerated by Claude.\nCloses issue #12.\n",
    },
    says: [
      /:1 names a path of one machine/,
      /:2 names the home directory/,
      /:3 names a package registry/,
      /:4 says how the text came to be/,
      /:5 names an issue/,
    ],
  },
];

for (const { rule: title, bad, says } of samples) {
  test(`the rule "${title}" finds each fault of its sample and nothing in a good house`, () => {
    const rule = rules.find((one) => one.title === title);
    assert.ok(rule, "the rule is listed");
    assert.deepEqual(applyRule(rule, createRepository(house)), []);
    const found = applyRule(rule, createRepository({ ...house, ...bad }));
    const told = found.map(({ path, line, message }) => `${path}${line === undefined ? "" : `:${line}`} ${message}`);
    for (const expected of says)
      assert.ok(
        told.some((text) => expected.test(text)),
        `${expected} is not among\n${told.join("\n")}`,
      );
    assert.equal(found.length, says.length, told.join("\n"));
  });
}

test("every rule has a bad sample", () => {
  assert.deepEqual(samples.map(({ rule }) => rule).toSorted(), rules.map(({ title }) => title).toSorted());
});

test("applyRule() leaves out a place that says why it breaks the rule, and only that", () => {
  const [rule] = rules.filter(
    ({ title }) => title === "environment, printing, clock and randomness have one place each",
  );
  assert.ok(rule);
  const path = "packages/kernel/src/a.ts";
  const text = "// tidy: jitter of a retry needs no seed\nMath.random();\nMath.random();\nMath.random(); // tidy: no\n";
  const found = applyRule(rule, createRepository({ ...house, [path]: text }));
  assert.deepEqual(
    found.map(({ line }) => line),
    [3, 4],
  );
});
