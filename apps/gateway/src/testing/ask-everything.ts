/** Calls the operations of a gateway's API, one after the other: at the home, and at a gateway on another host. */
import assert from "node:assert/strict";
import { until } from "@roost/base/testing/until";
import { roostOperations, hostOperations, pushOperations, setupOperations } from "@roost/contract/operations";
import {
  beginStep,
  finishStep,
  consumeGroup,
  createGroup,
  noteFailure,
  parkEvents,
  readEvents,
  waitInRun,
  type WorkerRegistration,
} from "@roost/kernel";
import { openTestService } from "@roost/service/testing";
import { garden } from "@roost/service/testing/garden";
import { collect } from "./collect.ts";
import { askAboutThirdParties } from "./ask-about-third-parties.ts";
import { askAboutMemory } from "./ask-about-memory.ts";
import type { TestGateway } from "./create-test-gateway.ts";
import { claimOne, end, joinWorker, startRun } from "./drive-runs.ts";

const job = { trigger: { kind: "every", every: "1h" }, prompt: "look" } as const;

// Those of channels are answered beside a channel's server: api/channels.test.ts; those that set a home up, and its caps: api/setup.test.ts; of web push: api/push.test.ts.
const askedByOthers = new Set<string>([
  "changePeer",
  "createPairing",
  "listChannels",
  "listPeers",
  "changeBudget",
  "listBudgets",
  // What only a joined host may call: test/hosts.
  ...[...hostOperations, ...setupOperations, ...pushOperations].map(({ id }) => id),
]);
export const askedByAll = roostOperations.map(({ id }): string => id).filter((id) => !askedByOthers.has(id));

/** The client, with a record of the operations that it was asked for and that answered. */
export function recorded(client: TestGateway["client"], answered = new Set<string>()) {
  const recording = new Proxy(client, {
    get: (target, id: string) => {
      answered.add(id);
      return target[id as keyof typeof target];
    },
  });
  return { client: recording, answered };
}

/** Of a home whose state of e-mails is there. */
export async function askEverything(gateway: TestGateway, client: TestGateway["client"]): Promise<void> {
  const { kernel } = gateway;
  await using worker = await joinWorker(kernel);

  await askAboutJobs(client);
  await askAboutRuns(gateway, client, worker);
  await askAboutLocks(client);
  await askAboutRehearsals(client);
  await askAboutGroups(gateway, client);
  await askAboutInbox(gateway, client);
  await askAboutMemory(client);
  await askAboutTimeline(client);
  assert.ok((await client.listStateFiles()).items.some(({ name }) => name === "email"));
  assert.deepEqual((await client.getState({ name: "email" })).value, { unread: 3 });
  assert.deepEqual(
    (await client.listFiles({ isMarked: true })).items.map(({ path, mark }) => [path, mark?.lines]),
    [["memory/email-state.json", null]],
  );
  await askAboutWriting(client);
  const { file } = await client.trustFile({ path: "memory/email-state.json" });
  assert.deepEqual([file.lineCount > 0, file.sources], [true, ["program:outside"]]);
  assert.deepEqual((await client.listFiles({ isMarked: true })).items, []);

  assert.deepEqual(await client.checkModels(), { models: [] });
  assert.deepEqual([await client.getSources(), await client.checkSources()], [{ sources: [] }, { sources: [] }]);
  assert.deepEqual((await client.recall({ query: "nobody told of it" })).lines, []);
  assert.match((await client.createSignInCode()).code, /^\d+\./);
  const { token, text } = await client.createToken({ name: "webui", caps: { day: { usdMax: 1 } } });
  assert.deepEqual((await client.listTokens({ kind: "client" })).items, [token]);
  assert.deepEqual([token.caps, token.ending], [{ day: { usdMax: 1 } }, text.slice(-4)]);
  assert.notEqual((await client.revokeToken({ token: "webui" })).token.revokedAt, null);
  const hook = await client.addHook({ name: "shop" });
  const rotated = await client.rotateHook({ name: "shop" });
  assert.ok(hook.key !== null && rotated.key !== hook.key);
  assert.deepEqual(
    (await client.listHooks({})).items.map(({ name }) => name),
    ["shop"],
  );
  assert.equal((await client.removeHook({ name: "shop" })).hook.id, hook.hook.id);

  const sent = await client.sendMessage({ sessionKey: "main", text: "hello" }, { idempotencyKey: "k1" });
  const again = await client.sendMessage({ sessionKey: "main", text: "hello" }, { idempotencyKey: "k1" });
  assert.deepEqual([again.messageId, again.isRepeated], [sent.messageId, true]);
  const { items: sessions } = await client.listSessions();
  assert.deepEqual(
    sessions.map(({ key, messageCount, queuedCount }) => [key, messageCount, queuedCount]),
    [["main", 1, 1]],
  );
  const { part } = await client.uploadPart({ content: { mediaType: "text/plain", bytes: new Uint8Array([104, 105]) } });
  assert.equal((await client.getPart({ sha256: part.sha256! })).mediaType, "text/plain");
  assert.deepEqual(await client.linkPart({ sha256: part.sha256! }), { url: null });
  const { messages } = await client.getSession({ sessionKey: "main" });
  assert.deepEqual(
    messages.items.map(({ text, role, runId }) => [text, role, runId]),
    [["hello", "user", sent.runId]],
  );
  const [first] = await collect(client.watchSession({ sessionKey: "main", last: 5 }), () => true);
  assert.equal(first?.data.kind, "message");

  await kernel.append([
    { type: "notice.raised", subject: "n1", data: { noticeId: "n1", level: "warning", text: "mind the gap" } },
    { type: "notice.raised", subject: "n2", data: { noticeId: "n2", level: "info", text: "all is well" } },
    { type: "notice.delivered", subject: "n1", data: { noticeId: "n1", target: "console" } },
  ]);
  const { items: notices, next } = await client.listNotices({ limit: 1 });
  assert.equal(notices[0]?.id, "n2");
  assert.ok(next !== null, "a second page was expected");
  const rest = await client.listNotices({ after: next });
  assert.deepEqual([rest.items[0]?.state, rest.next], ["delivered", null]);

  const status = await client.getStatus();
  assert.equal(status.workers.length, 1);
  assert.ok((await client.getConfig()).entries.length > 0);
  const { items: topics } = await client.listTopics();
  const { partition = 0 } =
    topics.find(({ name }) => name === "runs")?.partitions.find((one) => one.nextOffset > 0) ?? {};
  assert.ok((await client.readEvents({ topic: "runs", partition })).items.length > 0);
  await askAboutSchemas(client);
  await askAboutProjections(client);
  const sessionKey = (await client.createSession()).session.key;
  await client.cancelRun({ runId: (await client.sendMessage({ sessionKey, text: "Plant them" })).runId });
  const changes = [client.rewindSession, client.resetSession, client.compactSession];
  for (const change of changes) await change({ sessionKey });
  await collect(client.tailEvents({ last: 1 }), () => true);
  const [update] = await collect(client.watchHome({ after: "" }), () => true);
  assert.equal(update?.data.kind, "event");
  await using _service = await openTestService(garden, gateway.test);
  // The gateway looks at the address table once a second at most.
  await until(async () => (await client.listServices()).items[0]?.name === "garden");
  assert.equal((await client.getService({ name: "garden" })).instances.length, 1);
  await askAboutThirdParties(client);
}

async function askAboutInbox({ kernel }: TestGateway, client: TestGateway["client"]): Promise<void> {
  await kernel.transact((tx) =>
    noteFailure(tx, { what: "model", name: "The model", reason: "away", next: "", source: "home", timeZone: "UTC" }),
  );
  assert.ok((await client.listInbox()).items.some(({ kind }) => kind === "failure"));
  await client.readFailure({ what: "model" });
  assert.deepEqual((await client.listGrants()).items, []);
  assert.equal((await client.listSpend()).total.callCount, 0);
  assert.ok((await client.createSignInCode()).code.length > 0);
  assert.deepEqual((await client.recall({ query: "nothing of it" })).lines, []);
  assert.equal((await client.findRoute({ text: "x" })).state, "none");
  assert.equal((await client.decideRoute({ text: "x" })).state, "none");
  await assert.rejects(client.correctRoute({ text: "x", kind: "agent", id: "x" }), { code: "not_found" });
  assert.deepEqual((await client.listSpendForecasts()).items, []);
  await assert.rejects(client.revokeGrant({ grantId: crypto.randomUUID() }), { code: "not_found" });
}

async function askAboutJobs(client: TestGateway["client"]): Promise<void> {
  assert.equal((await client.defineJob({ jobId: "sweep", ...job })).change, "created");
  await assert.rejects(client.defineJob({ jobId: "sweep", ...job, expectedVersion: 9 }), { code: "conflict" });
  const applied = await client.applyJobs({ jobs: [{ id: "mop", ...job }], source: "file", dryRun: true });
  assert.deepEqual([applied.dryRun, applied.changes[0]?.change], [true, "created"]);
  const { items: moments } = await client.previewTicks({
    trigger: { kind: "every", every: "1h" },
    from: "2026-03-01T06:30:00Z",
    count: 2,
  });
  assert.deepEqual(
    moments.map(({ isActive }) => isActive),
    [true, true],
  );
  const until = new Date(Date.now() + 3 * 86_400_000).toISOString();
  assert.equal((await client.foreseeTicks({ until, jobId: "nothing" })).items.length, 0);
  assert.equal((await client.pauseJob({ jobId: "sweep", reason: "dust" })).job.pausedReason, "dust");
  assert.equal((await client.resumeJob({ jobId: "sweep" })).job.state, "active");
  const { tick } = await client.runJob({ jobId: "sweep" }, { idempotencyKey: "once" });
  assert.equal((await client.runJob({ jobId: "sweep" }, { idempotencyKey: "once" })).isRepeated, true);
  assert.equal((await client.getJob({ jobId: "sweep" })).ticks[0]?.runId, tick.runId);
  assert.ok((await client.listTicks({ jobId: "sweep" })).items.some(({ tickKey }) => tickKey === tick.tickKey));
  assert.deepEqual(
    (await client.listLatestTicks({ jobIds: ["sweep", "nobody", "sweep"], each: 1 })).items.map(
      ({ tickKey }) => tickKey,
    ),
    [tick.tickKey],
  );
  assert.equal((await client.listJobs({ limit: 1 })).items.length, 1);
  const { items: rows } = await client.listActivity();
  assert.deepEqual(
    rows.map(({ kind, id, why }) => [kind, kind === "job" ? id : null, kind === "job" ? why : null]),
    [
      ["run", null, null],
      ["job", "sweep", "every 1h"],
    ],
  );
  assert.equal((await client.cancelRun({ runId: tick.runId ?? "" })).outcome, "cancelled");
  const { items: versions } = await client.listJobVersions({ jobId: "sweep" });
  assert.equal(versions.at(-1)?.version, 1);
  assert.equal((await client.listJobVersions({ jobId: "sweep", version: 1 })).items.length, 1);
  await client.rollBackJob({ jobId: "sweep", version: 1 });
  const { items: agents } = await client.listAgents();
  assert.deepEqual([agents.length, (await client.getAgent({ agentId: "main" })).agent], [1, agents[0]]);
  assert.equal((await client.listAgentVersions({ agentId: "main" })).items[0]?.version, 1);
  assert.equal((await client.listAgentVersions({ agentId: "main", version: 1 })).items.length, 1);
  assert.equal((await client.removeJob({ jobId: "sweep" })).job.state, "removed");
  await assert.rejects(client.getJob({ jobId: "nobody" }), { code: "not_found" });
}

async function askAboutRehearsals(client: TestGateway["client"]): Promise<void> {
  const { rehearsal } = await client.startRehearsal({ hours: 1, jobs: [{ id: "tried", ...job }] });
  assert.equal(rehearsal.state, "playing");
  await assert.rejects(client.startRehearsal({}), { code: "conflict" });
  const rehearsalId = rehearsal.id;
  const told = await collect(client.watchRehearsal({ rehearsalId }), ({ data }) => data.state !== "playing");
  assert.equal(told.at(-1)?.data.state, "done", told.at(-1)?.data.error ?? "");
  const { report } = await client.getRehearsal({ rehearsalId });
  assert.deepEqual([report?.hours, report?.changes.map(({ jobId }) => jobId)], [1, ["tried"]]);
  assert.equal((await client.cancelRehearsal({ rehearsalId })).rehearsal.state, "done");
  await assert.rejects(client.getRehearsal({ rehearsalId: "none" }), { code: "not_found" });
}

async function askAboutRuns(
  { kernel }: TestGateway,
  client: TestGateway["client"],
  worker: WorkerRegistration,
): Promise<void> {
  const runId = await startRun(kernel, { retry: { attemptsMax: 1 } });
  const owned = await claimOne(kernel, worker);
  await beginStep(kernel, owned, { seq: 1, name: "post", kind: "tool", effect: "unsafe", input: {} });
  await finishStep(kernel, owned, { seq: 1, state: "unknown", error: { code: "internal", message: "cut off" } });
  assert.ok((await client.getStatus()).alarms.some(({ code }) => code === "unknown_outcome"));
  const resolved = await client.resolveStep({ runId, seq: 1, outcome: "done", note: "it is there" });
  assert.equal(resolved.step.seq, 1);
  await waitInRun(kernel, owned, { seq: 2, name: "ask", wait: { kind: "person", question: { prompt: "Go on?" } } });
  const { run, waits } = await client.getRun({ runId });
  assert.deepEqual([run.state, waits[0]?.kind], ["waiting", "person"]);
  const { items: questions } = await client.listQuestions({ state: "open" });
  assert.equal(questions[0]?.prompt, "Go on?");
  const { question } = await client.answerQuestion({ questionId: questions[0].id, answer: "yes" });
  assert.equal(question.state, "answered");
  await end(kernel, await claimOne(kernel, worker));
  await collect(client.watchRun({ runId }), () => false);
  assert.deepEqual(
    (await client.readStepSpans({ runIds: [runId] })).items.map((span) => span.runId === runId && span.seq),
    (await client.getRun({ runId })).steps.items.map(({ seq }) => seq),
  );
  const why = await client.explainRun({ runId });
  assert.deepEqual([why.causes.at(-1)?.type, why.isCut], ["run.created", false]);
  const { runId: cancelled } = { runId: await startRun(kernel) };
  await client.cancelRun({ runId: cancelled });
  assert.notEqual((await client.retryRun({ runId: cancelled })).run.id, cancelled);
  const { verdict, differences, stepCount } = await client.replayRun({ runId });
  assert.deepEqual([verdict, differences[0]?.seq, differences[0]?.kind, stepCount], ["diverged", 1, "step", 2]);
  const fork = (await client.forkRun({ runId, fromSeq: 1, input: { again: true } })).run;
  assert.deepEqual(
    (({ forkedFrom, forkedSeq }) => [forkedFrom, forkedSeq])((await client.getRun({ runId: fork.id })).run),
    [runId, 1],
  );
  await client.cancelRun({ runId: fork.id });
  assert.equal((await client.pauseQueue({ queue: "slow", reason: "dust" })).queue.pausedReason, "dust");
  await assert.rejects(client.pauseQueue({ queue: "slwo" }), /There is no queue "slwo": did you mean slow\?/);
  assert.deepEqual(
    (await client.listQueues()).items.filter(({ pausedAt }) => pausedAt !== null).map(({ name }) => name),
    ["slow"],
  );
  assert.equal((await client.resumeQueue({ queue: "slow" })).queue.pausedAt, null);
  await assert.rejects(client.retryRun({ runId }), { code: "conflict" });
  assert.ok((await client.listRuns({ state: ["done"] })).items.some(({ id }) => id === runId));
}

async function askAboutProjections(client: TestGateway["client"]): Promise<void> {
  for (const { name } of (await client.listProjections()).items) {
    const { state, isEqual, difference } = await client.replayProjection({ projection: name, check: true });
    assert.deepEqual([name, state, isEqual, difference], [name, "checked", true, null]);
    assert.equal((await client.replayProjection({ projection: name })).state, "switched");
  }
  const { items: projections } = await client.listProjections();
  assert.deepEqual(
    projections.map(({ name, last }) => [name, last?.isEqual, last?.isCheck]),
    [
      ["state-files", true, false],
      ["ticks", true, false],
    ],
  );
  await assert.rejects(client.replayProjection({ projection: "nobody" }), {
    code: "not_found",
    message: /the names are state-files, ticks/,
  });
}

async function askAboutSchemas(client: TestGateway["client"]): Promise<void> {
  const { items: schemas } = await client.listSchemas({ type: "notice.delivered" });
  const [known] = schemas;
  assert.ok(known);
  const { type, schema, version } = known;
  assert.equal((await client.checkSchema({ type, version, schema })).verdict, "same");
  assert.equal((await client.checkSchema({ type, schema })).verdict, "compatible");
  assert.equal((await client.checkSchema({ type: "never.seen", schema })).verdict, "new");
  const properties = { ...(schema["properties"] as object), target: { type: "number" } };
  const refused = await client.checkSchema({ type, schema: { ...schema, properties } });
  assert.deepEqual([refused.verdict, refused.version, refused.path], ["refused", version + 1, "target"]);
}

async function askAboutGroups({ kernel }: TestGateway, client: TestGateway["client"]): Promise<void> {
  const refuse = createGroup("readers", "stop", async () => {
    throw new Error("cannot digest it");
  });
  await consumeGroup(kernel, refuse, { topics: ["jobs"] });
  const { group } = await client.getGroup({ group: "readers" });
  const failing = group.partitions.find((each) => each.state === "failing");
  assert.ok(failing);
  assert.deepEqual([failing.cursor, failing.lastError?.message, group.setAsideAfter], [0, "cannot digest it", null]);
  assert.match(failing.eventType ?? "", /^job\./);
  assert.ok((await client.listGroups()).items.some(({ name }) => name === "readers"));
  const { topic, partition } = failing;
  const place = { group: "readers", topic, partition };
  assert.equal((await client.skipEvent({ ...place, offset: 0 })).nextOffset, 1);
  await assert.rejects(client.skipEvent({ ...place, offset: 0 }), { code: "conflict" });
  await assert.rejects(client.resetGroup({ group: "roost.event-jobs", to: "earliest" }), { code: "conflict" });
  await assert.rejects(client.resetGroup({ ...place, to: "earliest", offset: 3 }), { code: "invalid_input" });
  assert.deepEqual((await client.resetGroup({ ...place, to: "earliest" })).moved, [
    { topic, partition, from: 1, to: 0 },
  ]);
  assert.equal((await client.removeGroup({ group: "readers" })).removed, true);
  await askAboutDeadLetters(kernel, client, { topic, partition });
}

async function askAboutDeadLetters(
  kernel: TestGateway["kernel"],
  client: TestGateway["client"],
  place: { topic: string; partition: number },
): Promise<void> {
  const [event] = await readEvents(kernel.database, { ...place, offset: 0, limit: 1 });
  assert.ok(event);
  const group = { name: "readers", onFailure: { setAsideAfter: 5 } };
  for (const key of ["a", "b", "c"])
    await kernel.transact((tx) => parkEvents(tx, group, { key, events: [event], error: new Error("no") }));
  const { items, next } = await client.listDeadLetters({ limit: 2 });
  assert.deepEqual(
    items.map(({ key, state, eventId, error }) => [key, state, eventId, error?.message]),
    [
      ["a", "retrying", event.id, "no"],
      ["b", "retrying", event.id, "no"],
    ],
  );
  const rest = await client.listDeadLetters({ limit: 2, after: next ?? "" });
  assert.deepEqual([rest.items.map(({ key }) => key), rest.next], [["c"], null]);
  assert.equal((await client.retryDeadLetters({ key: "a" })).count, 1);
  assert.deepEqual((await client.listDeadLetters({ key: "a" })).items[0]?.attempts, 0);
  await assert.rejects(client.retryDeadLetters({}), { code: "invalid_input", message: /a number, a group or a key/ });
  assert.equal((await client.dropDeadLetters({ group: "readers", reason: "a test" })).count, 3);
  await assert.rejects(client.dropDeadLetters({ number: items[0]!.number, reason: "again" }), { code: "not_found" });
}

async function askAboutWriting(client: TestGateway["client"]): Promise<void> {
  const path = "notes/written.md";
  const { state, sha256 } = await client.writeFile({ path, text: "one\n" });
  assert.equal(state, "written");
  const newer = await client.writeFile({ path, text: "two\n", sha256: sha256 ?? "" });
  const late = await client.writeFile({ path, text: "three\n", sha256: sha256 ?? "" });
  assert.deepEqual(late, { state: "conflict", sha256: newer.sha256, text: "two\n" });
  await assert.rejects(client.writeFile({ path: "../outside.md", text: "" }), { code: "invalid_input" });
  const stop = new AbortController();
  const changes = client.watchFiles({ after: "" }, { signal: stop.signal })[Symbol.asyncIterator]();
  // Where it is, so that what comes now is a change.
  await changes.next();
  const picture = { path: "notes/picture.bin", content: { mediaType: "image/png", bytes: Uint8Array.of(0, 1, 255) } };
  const put = await client.putFile(picture);
  assert.equal(put.state, "written");
  assert.match((await changes.next()).value!.data.at, /^\d{4}/);
  stop.abort();
  assert.deepEqual((await client.getFile({ path: picture.path })).bytes, picture.content.bytes);
  assert.deepEqual(await client.putFile(picture), { state: "written", sha256: put.sha256 });
  assert.equal(
    (await client.putFile({ ...picture, content: { mediaType: "image/png", bytes: Uint8Array.of(1) } })).state,
    "conflict",
  );
  const hashed = await client.hashFile({ path: picture.path });
  assert.deepEqual([hashed.sha256, hashed.bytes], [put.sha256, 3]);
  const range = { path: picture.path, sha256: hashed.sha256 };
  assert.deepEqual((await client.getFileRange({ ...range, from: 1 })).bytes, Uint8Array.of(1, 255));
  const { content } = picture;
  const brought = { ...range, path: "notes/copy.bin", bytes: 3, from: 0, content };
  assert.deepEqual(await client.putFileRange(brought), { state: "written", next: null, sha256: hashed.sha256 });
  const { items, next } = await client.listFileVersions({ path, limit: 1 });
  const rest = await client.listFileVersions({ path, limit: 1, after: next ?? "" });
  assert.equal(rest.next, null);
  await assert.rejects(client.listFileVersions({ path: picture.path, after: next ?? "" }), {
    code: "invalid_input",
    message: /from the beginning/,
  });
  assert.deepEqual(
    [...items, ...rest.items].map((version) => [version.sha256, version.isPresent, version.dropped]),
    [
      [newer.sha256, true, null],
      [sha256, false, null],
    ],
  );
  const back = await client.restoreFile({ path, sha256: sha256 ?? "", to: "notes/back.md" });
  assert.deepEqual(back, { path: "notes/back.md", sha256, bytes: 4 });
  await assert.rejects(client.restoreFile({ path, sha256: put.sha256 ?? "" }), { code: "not_found" });
  assert.deepEqual(await client.removeFile({ path, sha256: sha256 ?? "" }), {
    state: "conflict",
    sha256: newer.sha256,
  });
  assert.equal((await client.removeFile({ path, sha256: newer.sha256 ?? "" })).state, "removed");
  assert.equal((await client.removeFile({ path, sha256: newer.sha256 ?? "" })).state, "removed", "again");
  await assert.rejects(client.getFile({ path }), { code: "not_found" });
}

async function askAboutTimeline(client: TestGateway["client"]): Promise<void> {
  const { items, next } = await client.listEvents({ limit: 2, without: ["step.done"] });
  assert.equal(items.length, 2);
  const rest = await client.listEvents({ limit: 500, after: next ?? "" });
  const times = [...items, ...rest.items].map(({ time }) => Date.parse(time));
  assert.deepEqual(
    times,
    times.toSorted((one, other) => other - one),
  );
  const failed = (await client.listEvents({ types: ["run.created"] })).items.at(-1);
  assert.ok(failed !== undefined);
  const { topic, partition, offset } = failed;
  const runId = failed.subject ?? "";
  const ofRun = await client.listEvents({ runId });
  assert.ok(
    ofRun.items.length > 0 && ofRun.items.every(({ subject, data }) => [subject, data["runId"]].includes(runId)),
  );
  assert.deepEqual((await client.listEvents({ until: "2020-01-01T00:00:00Z" })).items, []);
  assert.deepEqual((await client.listEvents({ label: "aud:nobody" })).items, []);
  await assert.rejects(client.listEvents({ topics: ["nothing"] }), { code: "not_found" });
  const explained = await client.explainEvent({ topic, partition, offset });
  assert.equal(explained.causes.at(-1)?.eventId, failed.id);
  assert.ok(explained.effects.items.length > 0);
  await assert.rejects(client.explainEvent({ topic, partition, offset: 1_000_000 }), { code: "not_found" });
  const day = await client.getDay({ day: failed.time.slice(0, 10) });
  assert.ok(day.runs.some(({ id }) => id === runId));
  assert.deepEqual((await client.getDay({ day: "2020-03-29" })).runs, []);
}

async function askAboutLocks(client: TestGateway["client"]): Promise<void> {
  const taken = await client.acquireLock({ name: "printer", holder: "a" });
  assert.equal((await client.acquireLock({ name: "printer", holder: "b" })).acquired, false);
  assert.equal((await client.listLocks()).items[0]?.name, "printer");
  assert.equal((await client.renewLock({ name: "printer", holder: "a", epoch: taken.epoch })).isHeld, true);
  assert.equal((await client.releaseLock({ name: "printer", holder: "a", epoch: taken.epoch })).released, true);
  const name = { scope: "blog", key: "today/1" };
  const begun = await client.beginOnce({ ...name, holder: "a" });
  assert.ok(begun.token);
  assert.equal((await client.listOnce({ scope: "blog" })).items[0]?.attempt, 1);
  const renewed = await client.renewOnce({ ...name, token: begun.token, ttlMs: 3_600_000 });
  assert.ok(renewed.expiresAt > (begun.expiresAt ?? ""));
  assert.equal((await client.failOnce({ ...name, token: begun.token })).state, "free");
  const second = await client.beginOnce({ ...name, holder: "a" });
  await client.finishOnce({ ...name, token: second.token ?? "", result: { url: "/1" } });
  const claim = await client.reserveSubject({ scope: "blog", text: "Why cats sleep", by: "writer" });
  assert.equal((await client.reserveSubject({ scope: "blog", text: "Why cats sleep?", by: "other" })).granted, false);
  assert.equal((await client.listSubjects()).items[0]?.id, claim.subjectId);
  assert.equal((await client.releaseSubject({ subjectId: claim.subjectId ?? "" })).released, true);
}
