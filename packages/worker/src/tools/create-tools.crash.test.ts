// Each tool's effect class is honest: a worker that dies between the effect and its record is followed by another, and the effect
// has happened once.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readTopic, type Kernel } from "@roost/kernel";
import { Crash, jobRun, openTestHome, type WantedCall, type TestHome } from "../testing/open-test-home.ts";

async function countOf(kernel: Kernel, topic: string, type: string): Promise<number> {
  return (await readTopic(kernel.database, { topic, limit: 500, types: [type] })).events.length;
}

async function resumed(home: TestHome, calls: WantedCall[], run = {}): Promise<string> {
  const last = calls.at(-1)!.name;
  const first = await home.begin(run);
  await assert.rejects(home.callTools(first, calls, { crashAfter: last }), Crash);
  await first.die();
  const { outcome, answers } = await home.callTools(await home.claim(first.run.id), calls);
  assert.equal(outcome.kind, "replied");
  return answers.at(-1)!.text;
}

interface Case {
  calls: WantedCall[];
  topic: string;
  type: string;
  check: (answer: string, home: TestHome) => unknown;
  run?: object;
}

const manual = { id: "tidy", trigger: { kind: "manual" }, prompt: "tidy up" };

const cases: Record<string, Case> = {
  write_file: {
    calls: [{ name: "write_file", arguments: { path: "plan.md", text: "the plan" } }],
    topic: "home",
    type: "file.written",
    check: async (_answer, { homeDir }) => assert.equal(await readFile(join(homeDir, "plan.md"), "utf8"), "the plan"),
  },
  set_state: {
    calls: [{ name: "set_state", arguments: { name: "email", patch: { unread: 3 } } }],
    topic: "home",
    type: "state.changed",
    check: (answer) => assert.equal((JSON.parse(answer) as { version?: number }).version, 1),
  },
  remember: {
    calls: [{ name: "remember", arguments: { text: "tea, not coffee" } }],
    topic: "home",
    type: "fact.remembered",
    check: (answer) => assert.match(answer, /^noted in memory\//),
  },
  once: {
    calls: [{ name: "once", arguments: { do: "begin", scope: "blog", key: "post-1" } }],
    topic: "coordination",
    type: "once.begun",
    check: (answer) => assert.match(answer, /"state":"begun","token":"\d+"/),
  },
  lock: {
    calls: [{ name: "lock", arguments: { name: "publish:blog" } }],
    topic: "coordination",
    type: "lock.acquired",
    check: (answer) => assert.match(answer, /"acquired":true/),
  },
  reserve_subject: {
    calls: [{ name: "reserve_subject", arguments: { scope: "blog", text: "How whales sleep" } }],
    topic: "coordination",
    type: "subject.reserved",
    check: (answer) => assert.match(answer, /"granted":true/),
    run: jobRun("blog-writer"),
  },
  define_job: {
    calls: [{ name: "define_job", arguments: manual }],
    topic: "jobs",
    type: "job.defined",
    check: (answer) => assert.match(answer, /"jobId":"tidy"/),
  },
  run_job: {
    calls: [
      { name: "define_job", arguments: manual },
      { name: "run_job", arguments: { jobId: "tidy" } },
    ],
    topic: "jobs",
    type: "tick.fired",
    check: (answer) => assert.match(answer, /"isRepeated":true/),
  },
  notify: {
    calls: [{ name: "notify", arguments: { text: "look" } }],
    topic: "notices",
    type: "notice.raised",
    check: (answer) => assert.equal(answer, "told"),
  },
};

for (const [name, { calls, topic, type, check, run }] of Object.entries(cases)) {
  test(`${name} that was cut off after its effect has it once`, async () => {
    await using home = await openTestHome();
    await check(await resumed(home, calls, run), home);
    assert.equal(await countOf(home.kernel, topic, type), 1);
  });
}

/** Reads each request whole; breaks the connection as often as told, then answers. */
async function startFragileServer(breakCount: number) {
  const keys: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      keys.push(request.headers["idempotency-key"] as string | undefined);
      if (keys.length <= breakCount) request.socket.destroy();
      else response.setHeader("content-type", "text/plain").end("posted");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/posts`,
    keys,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("http_send to a server that dies after reading is unknown, and not sent again", async () => {
  await using server = await startFragileServer(1);
  await using home = await openTestHome({ settings: { http: { allow: [server.host] } } });
  const calls = [{ name: "http_send", arguments: { url: server.url, body: "{}" } }];
  const { answers } = await home.callTools(await home.begin(), calls);
  assert.match(answers[0]!.text, /^Outcome unknown/);
  assert.equal(server.keys.length, 1);
});

test("http_send that was cut off is unknown, and not sent again by the next worker", async () => {
  await using server = await startFragileServer(0);
  await using home = await openTestHome({ settings: { http: { allow: [server.host] } } });
  const answer = await resumed(home, [{ name: "http_send", arguments: { url: server.url, body: "{}" } }]);
  assert.match(answer, /^Outcome unknown/);
  assert.equal(server.keys.length, 1);
});

test("http_send_keyed to a server that dies after reading is sent again under the same key", async () => {
  await using server = await startFragileServer(1);
  await using home = await openTestHome({ settings: { http: { allow: [server.host], keyed: [server.host] } } });
  const calls = [{ name: "http_send_keyed", arguments: { url: server.url, body: "{}" } }];
  const { answers } = await home.callTools(await home.begin(), calls);
  assert.match(answers[0]!.text, /posted/);
  assert.equal(server.keys.length, 2);
  assert.ok(server.keys[0] !== undefined && server.keys[0] === server.keys[1]);
});

test("http_send_keyed refuses a server that is not known to honour keys", async () => {
  await using server = await startFragileServer(0);
  await using home = await openTestHome({ settings: { http: { allow: [server.host], keyed: ["example.com"] } } });
  const { answers } = await home.callTools(await home.begin(), [
    { name: "http_send_keyed", arguments: { url: server.url } },
  ]);
  assert.match(answers[0]!.text, /forbidden.*http\.keyed/);
  assert.equal(server.keys.length, 0);
});

test("write_file by a resumed run compares with what the run read before it was cut off", async () => {
  await using home = await openTestHome({ files: { "plan.md": "old" } });
  const calls = [
    { name: "read_file", arguments: { path: "plan.md" } },
    { name: "list_jobs", arguments: {} },
    { name: "write_file", arguments: { path: "plan.md", text: "new" } },
  ];
  const first = await home.begin();
  await assert.rejects(home.callTools(first, calls, { crashAfter: "list_jobs" }), Crash);
  await first.die();
  const { answers } = await home.callTools(await home.claim(first.run.id), calls);
  assert.match(answers[2]!.text, /"state":"written"/);
  assert.equal(await readFile(join(home.homeDir, "plan.md"), "utf8"), "new");
});

test("write_file does not replace a file that the run saw in part", async () => {
  await using home = await openTestHome({ files: { "plan.md": "one\ntwo\nthree" } });
  const calls = [
    { name: "read_file", arguments: { path: "plan.md", lineCount: 1 } },
    { name: "write_file", arguments: { path: "plan.md", text: "ONE" } },
  ];
  const { answers } = await home.callTools(await home.begin(), calls);
  assert.match(answers[1]!.text, /"state":"conflict"/);
  assert.equal(await readFile(join(home.homeDir, "plan.md"), "utf8"), "one\ntwo\nthree");
});

test("reserve_subject is refused to another run of the same job", async () => {
  await using home = await openTestHome();
  const calls = [{ name: "reserve_subject", arguments: { scope: "blog", text: "How whales sleep" } }];
  await home.callTools(await home.begin(jobRun("blog-writer")), calls);
  const { answers } = await home.callTools(await home.begin(jobRun("blog-writer")), calls);
  assert.match(answers[0]!.text, /"granted":false.*job:blog-writer/);
});
