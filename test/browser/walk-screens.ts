import assert from "node:assert/strict";
import { auditPage, type OpenedBrowser, type PageOptions } from "./open-browser.ts";
import type { ConsoleHome } from "./open-console.ts";

const screens = [
  { path: "/", shows: "text=Just ended" },
  { path: "/chat", shows: "text=Shall I ask for the picture?" },
  { path: "/needs", shows: "h1:text('Needs you')" },
  { path: "/runs", shows: "[role=row]:has-text('Which posts')" },
  { path: "/timeline", shows: "[role=row]:has-text('Message received')" },
  { path: "/jobs", shows: "text=Weekly review" },
  { path: "/jobs?view=week", shows: "text=Blog writer" },
  { path: "/memory", shows: "button:has-text('SOUL.md')" },
  { path: "/memory?tab=shown", shows: "summary:has-text('SOUL.md')" },
  { path: "/settings", shows: "text=No program and no device has a key" },
  { path: "/spend", shows: "text=By model" },
  { path: "/people", shows: "[role=row]:has-text('Jonas Weber')" },
];

/** Less than one link that moves down by a line. Chrome calls a page good up to 0.1. */
const shiftMax = 0.002;

/** Opens every screen of a filled home, and fails on the first with a fault. */
export async function walkScreens(browser: OpenedBrowser, home: ConsoleHome, options: PageOptions): Promise<void> {
  await using view = await browser.openTab(await home.link(), options);
  for (const { path, shows } of screens) {
    if (path !== "/") await view.page.goto(home.url + path);
    await view.page.waitForSelector(shows);
    const where = `${path} ${options.size}`;
    assert.deepEqual(await auditPage(view.page), [], where);
    assert.deepEqual(await view.takeFaults(), [], where);
    const shifts = await view.takeShifts();
    assert.ok(
      shifts.reduce((sum, { value }) => sum + value, 0) < shiftMax,
      `${where} moves under one's eyes: ${JSON.stringify(shifts)}`,
    );
  }
}
