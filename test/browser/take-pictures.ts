/** Takes pictures of the console's screens with real data, for the README, docs/ and critical eyes: npm run pictures [-- DIRECTORY]. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBrowser, requireChromium, type PageOptions } from "./open-browser.ts";
import { fillHome, openConsole } from "./open-console.ts";
import { walkFirstRun } from "./walk-first-run.ts";

const directory = process.argv[2] ?? fileURLToPath(new URL("../../docs/pictures", import.meta.url));

/** What a press opens comes with a fade. */
const settleMs = 600;

interface Picture extends PageOptions {
  name: string;
  path: string;
  /** Waited for. */
  shows: string;
  /** Pressed one after the other. */
  opens?: string[];
}

const pictures: Picture[] = [
  { name: "now-desktop-dark", path: "/", size: "desktop", scheme: "dark", shows: "text=Just ended" },
  { name: "now-desktop-light", path: "/", size: "desktop", scheme: "light", shows: "text=Just ended" },
  { name: "now-phone-light", path: "/", size: "phone", scheme: "light", shows: "text=Just ended" },
  { name: "now-phone-dark", path: "/", size: "phone", scheme: "dark", shows: "text=Just ended" },
  {
    name: "chat-desktop-light",
    path: "/chat",
    size: "desktop",
    scheme: "light",
    shows: "text=Shall I ask for the picture?",
  },
  { name: "chat-phone-dark", path: "/chat", size: "phone", scheme: "dark", shows: "text=Shall I ask for the picture?" },
  { name: "needs-phone-light", path: "/needs", size: "phone", scheme: "light", shows: "text=May they?" },
  { name: "runs-desktop-dark", path: "/runs", size: "desktop", scheme: "dark", shows: "role=row" },
  { name: "runs-phone-light", path: "/runs", size: "phone", scheme: "light", shows: "role=row" },
  {
    name: "run-desktop-light",
    path: "/runs",
    size: "desktop",
    scheme: "light",
    shows: "role=row",
    opens: ["[role=row]:has-text('Which posts')", "button:has-text('context')"],
  },
  {
    name: "run-phone-dark",
    path: "/runs",
    size: "phone",
    scheme: "dark",
    shows: "role=row",
    opens: ["[role=row]:has-text('Please break')"],
  },
  {
    name: "run-trace-desktop-dark",
    path: "/runs",
    size: "desktop",
    scheme: "dark",
    shows: "role=row",
    opens: ["[role=row]:has-text('Which posts')", "button:text('Trace')"],
  },
  { name: "jobs-desktop-light", path: "/jobs", size: "desktop", scheme: "light", shows: "text=Weekly review" },
  {
    name: "jobs-week-desktop-dark",
    path: "/jobs?view=week",
    size: "desktop",
    scheme: "dark",
    shows: "text=Blog writer",
  },
  {
    name: "jobs-week-phone-light",
    path: "/jobs?view=week",
    size: "phone",
    scheme: "light",
    shows: "text=Blog writer",
    opens: ["button[aria-label='The next week']"],
  },
  {
    name: "jobs-rehearsal-desktop-light",
    path: "/jobs?view=rehearsal",
    size: "desktop",
    scheme: "light",
    shows: "text=Play a week",
    // The second is there when it was played.
    opens: ["button:has-text('Play a day')", "text=/runs in 24 hours/"],
  },
  {
    name: "job-desktop-light",
    path: "/jobs/weekly-review",
    size: "desktop",
    scheme: "light",
    shows: "text=Last twenty",
    opens: ["button:has-text('Change')"],
  },
  {
    name: "job-rehearsed-phone-light",
    path: "/jobs/blog-writer",
    size: "phone",
    scheme: "light",
    shows: "text=Last twenty",
    opens: ["button:has-text('Change')", "button:has-text('Play a day')", "text=/Blog writer: once/"],
  },
  { name: "job-phone-dark", path: "/jobs/weekly-review", size: "phone", scheme: "dark", shows: "text=Last twenty" },
  {
    name: "timeline-desktop-light",
    path: "/timeline",
    size: "desktop",
    scheme: "light",
    shows: "[role=row]",
  },
  { name: "timeline-phone-dark", path: "/timeline", size: "phone", scheme: "dark", shows: "[role=row]" },
  {
    name: "event-desktop-dark",
    path: "/timeline?job=letters",
    size: "desktop",
    scheme: "dark",
    shows: "[role=row]",
    opens: ["[role=row]:has-text('Question asked')"],
  },
  {
    name: "memory-desktop-light",
    path: "/memory?path=MEMORY.md",
    size: "desktop",
    scheme: "light",
    shows: "textarea",
  },
  { name: "memory-phone-dark", path: "/memory", size: "phone", scheme: "dark", shows: "button:has-text('SOUL.md')" },
  {
    name: "settings-desktop-light",
    path: "/settings",
    size: "desktop",
    scheme: "light",
    shows: "text=Change roost.yaml",
  },
  {
    name: "settings-phone-dark",
    path: "/settings",
    size: "phone",
    scheme: "dark",
    shows: "text=Change roost.yaml",
    opens: ["button:has-text('Pair a device')", "button:has-text('Show the code')"],
  },
  {
    name: "people-phone-dark",
    path: "/people",
    size: "phone",
    scheme: "dark",
    shows: "[role=row]:has-text('Jonas Weber')",
  },
  {
    name: "person-desktop-light",
    path: "/people",
    size: "desktop",
    scheme: "light",
    shows: "[role=row]:has-text('Jonas Weber')",
    opens: ["[role=row]:has-text('Ida Berg') >> nth=0"],
  },
  { name: "spend-desktop-light", path: "/spend", size: "desktop", scheme: "light", shows: "text=By model" },
];

const executable = await requireChromium();
await mkdir(directory, { recursive: true });
await using home = await openConsole();
await fillHome(home);
await using browser = await openBrowser(executable);
for (const { name, path, shows, opens = [], ...options } of pictures) {
  await using opened = await browser.openPage(await home.link(path), options);
  const { page } = opened;
  await page
    .waitForSelector(shows, { timeout: 8_000 })
    .catch((error: Error) => process.stderr.write(`${name}: ${error.message}\n`));
  for (const pressed of opens) await page.click(pressed);
  if (opens.length > 0) await page.waitForTimeout(settleMs);
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: join(directory, `${name}.png`) });
  for (const fault of await opened.takeFaults()) process.stderr.write(`${name}: ${fault}\n`);
}

// The first run needs a home of its own: it is one without a model.
await using fresh = await openConsole({ isNew: true });
await using first = await browser.openPage(await fresh.link(), { size: "phone" });
await walkFirstRun(first, fresh, async (step) => {
  await first.page.screenshot({ path: join(directory, `welcome-${step}-phone-light.png`) });
});
