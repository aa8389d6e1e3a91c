/** Lists of 40,000 runs and 100,000 events: read to their end, and scrolled at what a frame of short ones costs. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { roostEvents } from "@roost/contract/events";
import { openDatabase, openEmbeddedPostgres } from "@roost/database";
import { openKernel } from "@roost/kernel";
import type { Page } from "playwright-core";
import { openFoundBrowser, withChromium } from "./console-suite.ts";
import { fillHome, openConsole } from "./open-console.ts";

/** Of the short lists: some more than are scrolled through. */
const shortCount = 4_000;
const lists = [
  { path: "/runs", longCount: 40_000 },
  { path: "/timeline", longCount: 100_000 },
];
const batch = 1_000;
const frames = 240;
const framePx = 233;
/** What a frame of the long list may cost, over one of the short list in the same browser. In milliseconds it is docs/benchmarks.md's. */
const frameRatioMax = 2;
const nodesMax = 2_000;

/** Into the database of a home that runs: so many more runs like one that ended, and events that people are told. */
async function fill(
  directory: string,
  { runId, runCount, eventCount }: { runId: string; runCount: number; eventCount: number },
): Promise<void> {
  const { url } = await openEmbeddedPostgres({ dir: join(directory, ".roost/postgres"), logger: silentLogger });
  await using database = await openDatabase({ url, applicationName: "lists", logger: silentLogger });
  await database.query(
    `insert into roost.run select copy.* from generate_series(1, $2) as number,
       lateral (select * from roost.run_all where id = $1) as run,
       lateral jsonb_populate_record(null::roost.run,
         to_jsonb(run) || jsonb_build_object('id', overlay(gen_random_uuid()::text placing '0197' from 1), 'title', 'Run ' || number)) as copy`,
    [runId, runCount],
  );
  await using kernel = await openKernel({ database, logger: silentLogger, migrate: false, events: roostEvents });
  for (let from = 0; from < eventCount; from += batch)
    await kernel.append(
      Array.from({ length: batch }, (_, index) => ({
        type: "queue.resumed",
        subject: `queue-${(from + index) % 50}`,
        data: { queue: "default", by: "person:owner", reason: `event ${from + index}` },
      })),
    );
}

const grid = 'document.querySelector("[role=grid]")';
const nextFrame = "new Promise((resolve) => requestAnimationFrame(resolve))";

/** Goes to the end until there is no more. */
async function readToTheEnd(page: Page, count: number): Promise<void> {
  await page.evaluate(`(async () => {
    while (Number(${grid}.getAttribute("aria-rowcount")) < ${count}) {
      ${grid}.scrollTop = ${grid}.scrollHeight;
      await ${nextFrame};
    }
  })()`);
}

interface Scrolled {
  /** Of the page's thread: what others do on the machine is not in it. */
  frameMs: number;
  nodeCount: number;
  /** Every frame showed rows where the reader was. */
  isFilled: boolean;
}

/** From the middle, as a person who looks for something. */
async function scroll(page: Page): Promise<Scrolled> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busyMs = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1_000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN);
  };
  await page.evaluate(`${grid}.scrollTop = ${grid}.scrollHeight / 2; ${nextFrame}.then(() => ${nextFrame})`);
  const before = await busyMs();
  const isFilled = await page.evaluate<boolean>(`(async () => {
    let isFilled = true;
    for (let frame = 0; frame < ${frames}; frame += 1) {
      ${grid}.scrollTop += ${framePx};
      await ${nextFrame};
      const { left, top, width, height } = ${grid}.getBoundingClientRect();
      const row = document.elementFromPoint(left + width / 2, top + height / 2)?.closest("[role=row]");
      isFilled &&= row !== null && row !== undefined;
    }
    return isFilled;
  })()`);
  const frameMs = ((await busyMs()) - before) / frames;
  await session.detach();
  return { frameMs, isFilled, nodeCount: await page.evaluate<number>("document.querySelectorAll('*').length") };
}

test(
  "40,000 runs and 100,000 events are read to their end and scroll as smoothly as 4,000",
  withChromium,
  async (context) => {
    await using home = await openConsole();
    await fillHome(home);
    const [run] = (await home.api.listRuns({ state: ["done"], limit: 1 })).items;
    await using browser = await openFoundBrowser();
    const scrolledList = async (path: string, count: number): Promise<Scrolled> => {
      await using view = await browser.openTab(await home.link(path), { size: "desktop" });
      await view.page.waitForSelector("[role=row]");
      await readToTheEnd(view.page, count);
      const scrolled = await scroll(view.page);
      const told = `${path}: ${scrolled.frameMs.toFixed(1)} ms of the page's thread a frame, ${scrolled.nodeCount} nodes`;
      context.diagnostic(`${count} in ${told}`);
      assert.ok(scrolled.nodeCount <= nodesMax, told);
      assert.ok(scrolled.isFilled, `${path}: a frame showed no row`);
      assert.deepEqual(await view.takeFaults(), []);
      return scrolled;
    };
    await fill(home.directory, { runId: run!.id, runCount: shortCount, eventCount: shortCount });
    const short: Scrolled[] = [];
    for (const { path } of lists) short.push(await scrolledList(path, shortCount));
    const [runCount = 0, eventCount = 0] = lists.map(({ longCount }) => longCount - shortCount);
    await fill(home.directory, { runId: run!.id, runCount, eventCount });
    for (const [index, { path, longCount }] of lists.entries()) {
      const ratio = (await scrolledList(path, longCount)).frameMs / short[index]!.frameMs;
      assert.ok(ratio <= frameRatioMax, `${path}: a frame costs ${ratio.toFixed(2)} times one of ${shortCount} rows`);
    }
  },
);
