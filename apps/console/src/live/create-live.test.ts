import assert from "node:assert/strict";
import { EventEmitter, on } from "node:events";
import { test } from "node:test";
import type { Event } from "@roost/contract/operations";
import { createLive, type Live, type OpenHome } from "./create-live.ts";

interface Connection {
  tab: string;
  after: string | undefined;
  sessions: string[];
  runs: string[];
  write(text: string): void;
  print(text: string): void;
  send(id: string): void;
  lose(error?: Error): void;
}

/** A browser with several tabs and a gateway: locks, channels and streams as the platform has them, driven by hand. */
function openBrowserOfTabs() {
  const connections: Connection[] = [];
  const opened = new EventEmitter();
  const bus = new EventTarget();
  const turns: { tab: string; take: () => void; leave: (error: Error) => void }[] = [];
  let holder: (typeof turns)[number] | undefined;
  const next = () => {
    holder = turns.shift();
    holder?.take();
  };
  const locksOf = (tab: string) => ({
    request: (async (_name: string, options: LockOptions, work: () => Promise<unknown>) => {
      const asked = Promise.withResolvers<void>();
      const lost = Promise.withResolvers<never>();
      const turn = { tab, take: asked.resolve, leave: lost.reject };
      if (options.steal === true) {
        holder?.leave(new Error("stolen"));
        holder = turn;
        asked.resolve();
      } else {
        turns.push(turn);
        if (holder === undefined) next();
      }
      await asked.promise;
      try {
        return await Promise.race([work(), lost.promise]);
      } finally {
        if (holder === turn) next();
      }
    }) as LockManager["request"],
  });
  const openOf = (tab: string): OpenHome =>
    async function* ({ after, sessions, runs, signal, onPlace }) {
      const items = new EventEmitter();
      const connection: Connection = {
        tab,
        after,
        sessions,
        runs,
        write: (text) => void items.emit("item", { data: { kind: "text", sessionKey: "main", runId: "r", text } }),
        print: (text) => void items.emit("item", { data: { kind: "output", runId: "r", step: "tool:exec#1", text } }),
        send: (id) => void items.emit("item", { id }),
        lose: (error = new Error("lost")) => void items.emit("error", error),
      };
      connections.push(connection);
      onPlace(after ?? "0");
      opened.emit("open", connection);
      for await (const [{ id, data }] of on(items, "item", { signal }))
        yield data === undefined ? { id, data: { kind: "event", event: { id, type: "tick" } as Event } } : { data };
    };
  const tabs = new Map<string, { live: Live; seen: string[]; freshCount: () => number; close: () => void }>();
  const pauses: { tab: string; ms: number; end: () => void }[] = [];
  return {
    connections,
    untilOpened: () => new Promise<Connection>((resolve) => opened.once("open", resolve)),
    pauses,
    open(tab: string) {
      const page = new AbortController();
      let isOpen = true;
      const listeners: ((event: { data: unknown }) => void)[] = [];
      bus.addEventListener("message", (event) => {
        const { from, data } = (event as CustomEvent<{ from: string; data: unknown }>).detail;
        if (from !== tab && isOpen) for (const listener of listeners) listener({ data });
      });
      const live = createLive({
        open: openOf(tab),
        locks: locksOf(tab),
        channel: {
          postMessage: (data: unknown) =>
            isOpen && bus.dispatchEvent(new CustomEvent("message", { detail: { from: tab, data } })),
          addEventListener: (_type: string, listener: unknown) => void listeners.push(listener as never),
        } as never,
        pause: (ms) => new Promise((resolve) => pauses.push({ tab, ms, end: () => resolve(undefined) })),
      });
      const seen: string[] = [];
      let freshCount = 0;
      live.onEvent((event) => seen.push(event.id));
      live.onFresh(() => (freshCount += 1));
      live.start(page.signal);
      const entry = {
        live,
        seen,
        freshCount: () => freshCount,
        close() {
          isOpen = false;
          page.abort();
        },
        freeze: () => (isOpen = false),
      };
      tabs.set(tab, entry);
      return entry;
    },
  };
}

/** The first holds the stream, and both have seen an event. */
async function openTwoTabs() {
  const browser = openBrowserOfTabs();
  const first = browser.untilOpened();
  const a = browser.open("a");
  const b = browser.open("b");
  (await first).send("1");
  await new Promise(setImmediate);
  return { browser, a, b };
}

test("createLive() opens one stream for seven tabs, and every tab sees every event", async () => {
  const browser = openBrowserOfTabs();
  const isOpened = browser.untilOpened();
  const tabs = ["a", "b", "c", "d", "e", "f", "g"].map((name) => browser.open(name));
  const stream = await isOpened;
  stream.send("1");
  await new Promise(setImmediate);
  stream.send("2");
  await new Promise(setImmediate);
  assert.equal(browser.connections.length, 1);
  for (const { seen, live } of tabs) {
    assert.deepEqual(seen, ["1", "2"]);
    assert.equal(live.state(), "live");
  }
});

test("createLive() goes on in another tab, from the last position, when the first is closed", async () => {
  const { browser, a, b } = await openTwoTabs();
  const second = browser.untilOpened();
  a.close();
  const stream = await second;
  assert.deepEqual([stream.tab, stream.after], ["b", "1"]);
  stream.send("2");
  await new Promise(setImmediate);
  assert.deepEqual(b.seen, ["1", "2"]);
});

test("createLive() says that the link is lost, goes on from where it was, and has everything read afresh", async () => {
  const browser = openBrowserOfTabs();
  const first = browser.untilOpened();
  const { live, freshCount, seen } = browser.open("a");
  const stream = await first;
  stream.send("1");
  await new Promise(setImmediate);
  assert.equal(freshCount(), 1);
  stream.lose();
  await new Promise(setImmediate);
  assert.equal(live.state(), "connecting");
  const second = browser.untilOpened();
  for (const pause of browser.pauses.splice(0)) pause.end();
  const again = await second;
  assert.equal(again.after, "1");
  assert.equal(live.state(), "live");
  assert.equal(freshCount(), 2);
  again.send("2");
  await new Promise(setImmediate);
  assert.deepEqual(seen, ["1", "2"]);
});

test("createLive() begins anew where the log no longer has the position", async () => {
  const browser = openBrowserOfTabs();
  const first = browser.untilOpened();
  browser.open("a");
  const stream = await first;
  stream.send("5");
  await new Promise(setImmediate);
  const second = browser.untilOpened();
  stream.lose(Object.assign(new Error("offset 5 is gone"), { code: "invalid_input" }));
  await new Promise(setImmediate);
  for (const pause of browser.pauses.splice(0)) pause.end();
  assert.equal((await second).after, undefined);
});

test("createLive() takes the stream from a tab that does not answer, and connects anew after a sleep", async () => {
  const { browser, a, b } = await openTwoTabs();
  for (const pause of browser.pauses.splice(0)) pause.end();
  await new Promise(setImmediate);
  assert.equal(browser.connections.length, 1);
  a.freeze();
  const second = browser.untilOpened();
  b.live.wake(1_000);
  for (const pause of browser.pauses.splice(0)) pause.end();
  const stream = await second;
  assert.deepEqual([stream.tab, stream.after], ["b", "1"]);
  const third = browser.untilOpened();
  const before = b.freshCount();
  b.live.wake(60_000);
  assert.deepEqual([(await third).tab, b.freshCount() > before], ["b", true]);
});

test("createLive() brings the texts of sessions that tabs show over the one stream, also after another tab leads", async () => {
  const { browser, a, b } = await openTwoTabs();
  const texts: string[] = [];
  for (const { live } of [a, b]) live.onText(({ text }) => texts.push(text));
  const second = browser.untilOpened();
  const freshCount = b.freshCount();
  b.live.watch("main");
  const stream = await second;
  assert.deepEqual([stream.tab, stream.after, stream.sessions], ["a", "1", ["main"]]);
  a.live.watch("main");
  stream.write("Good");
  await new Promise(setImmediate);
  assert.deepEqual([a.live.state(), b.freshCount()], ["live", freshCount], "lists stay where one reads them");
  assert.deepEqual(
    [texts, browser.connections.length],
    [["Good", "Good"], 2],
    "one that is watched already opens nothing",
  );
  stream.send("2");
  await new Promise(setImmediate);
  const third = browser.untilOpened();
  a.close();
  const taken = await third;
  assert.deepEqual([taken.tab, taken.after, taken.sessions], ["b", "2", ["main"]]);
});

test("createLive() brings what the programs of runs print, to the tabs that show them, beside the texts of sessions", async () => {
  const { browser, a, b } = await openTwoTabs();
  const heard: string[] = [];
  for (const { live } of [a, b]) live.onPrinted(({ step, text }) => heard.push(`${step} ${text}`));
  b.live.onText(({ text }) => heard.push(text));
  const second = browser.untilOpened();
  a.live.watch("main");
  await second;
  const third = browser.untilOpened();
  const leave = b.live.watchRun("r");
  const stream = await third;
  assert.deepEqual([stream.tab, stream.sessions, stream.runs], ["a", ["main"], ["r"]]);
  stream.print("1 of 9");
  stream.write("Good");
  await new Promise(setImmediate);
  assert.deepEqual(heard, ["tool:exec#1 1 of 9", "tool:exec#1 1 of 9", "Good"]);
  leave();
  const fourth = browser.untilOpened();
  a.close();
  assert.deepEqual([(await fourth).runs, b.live.state()], [[], "live"], "what is shown no more is not asked for");
});

test("createLive() lets runs that are shown shut out no session, and keeps the newest, also in the tab that leads next", async () => {
  const { browser, a, b } = await openTwoTabs();
  const runIds = Array.from({ length: 25 }, (_, index) => `r${index}`);
  const newest = runIds.slice(-20);
  b.live.watch("main");
  for (const runId of runIds) b.live.watchRun(runId);
  const second = browser.untilOpened();
  const { tab, sessions, runs } = await second;
  assert.deepEqual([tab, sessions, runs], ["a", ["main"], newest]);
  const count = browser.connections.length;
  a.live.watchRun(newest[0]!);
  await new Promise(setImmediate);
  assert.equal(browser.connections.length, count, "one that is shown opens nothing");
  const third = browser.untilOpened();
  a.live.watchRun("another");
  assert.deepEqual((await third).runs, [...newest.slice(2), newest[0], "another"], "what is shown again is new again");
  const fourth = browser.untilOpened();
  a.close();
  const next = await fourth;
  assert.deepEqual([next.tab, next.sessions, next.runs], ["b", ["main"], newest]);
});
