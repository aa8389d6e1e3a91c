/** Lists of 10,000 runs and 100,000 events: read to their end, and scrolled within what a frame may cost. */
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

const runCount = 10_000;
const eventCount = 100_000;
const batch = 1_000;
const frames = 240;
const framePx = 233;
/** What a frame of sixty a second has. Of the page's own thread: what others do on the machine is not in it. */
const frameMsMax = 16;
const nodesMax = 2_000;

/** Into the database of a home that runs: runs like one that ended, and events that people are told. */
async function fillLong(directory: string, runId: string): Promise<void> {
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
  /** Of the page's thread. */
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

test("10,000 runs and 100,000 events are read to their end and scroll smoothly", withChromium, async (context) => {
  await using home = await openConsole();
  await fillHome(home);
  const [run] = (await home.api.listRuns({ state: ["done"], limit: 1 })).items;
  await fillLong(home.directory, run!.id);
  await using browser = await openFoundBrowser();
  const lists = [
    { path: "/runs", count: runCount },
    { path: "/timeline", count: eventCount },
  ];
  for (const { path, count } of lists) {
    await using view = await browser.openTab(await home.link(path), { size: "desktop" });
    await view.page.waitForSelector("[role=row]");
    await readToTheEnd(view.page, count);
    const { frameMs, nodeCount, isFilled } = await scroll(view.page);
    const told = `${path}: ${frameMs.toFixed(1)} ms of the page's thread a frame, ${nodeCount} nodes`;
    context.diagnostic(told);
    assert.ok(frameMs <= frameMsMax && nodeCount <= nodesMax, told);
    assert.ok(isFilled, `${path}: a frame showed no row`);
    assert.deepEqual(await view.takeFaults(), []);
  }
});
