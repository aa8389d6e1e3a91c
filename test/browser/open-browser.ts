/** Headless Chromium for the console's tests and pictures: finds one, opens pages of a phone or a desktop, and remembers what went wrong on them. */
import { access, constants, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { until } from "@roost/base/testing/until";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const paths = [
  // Has no windows, and takes a fifth less of the processor.
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

export async function findChromium(): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

export const noChromium = "no Chromium here (apt-get install chromium-headless-shell, or chromium)";

/** For programs that can do nothing without one. */
export async function requireChromium(): Promise<string> {
  const path = await findChromium();
  if (path === undefined) throw new Error(noChromium);
  return path;
}

/** How long a page may take to show what it should; a machine at work is slow. */
const waitMsMax = 60_000;
/** How long a button asks whether one is sure: `askedMsMax` of the console. */
const sureMsMax = 3_000;

const sizes = {
  phone: { width: 390, height: 844, isMobile: true, scale: 2 },
  desktop: { width: 1440, height: 900, isMobile: false, scale: 1 },
} as const;

export interface PageOptions {
  size: keyof typeof sizes;
  scheme?: "light" | "dark";
  timeZone?: string;
}

export interface Shift {
  value: number;
  parts: string[];
}

export interface OpenedPage extends AsyncDisposable {
  page: Page;
  /** Errors of the console, uncaught ones, and violations of the policy, since the last look. */
  takeFaults(): Promise<string[]>;
  /** What moved on the screen by itself since the last look, and by how much. */
  takeShifts(): Promise<Shift[]>;
}

export interface OpenedBrowser extends AsyncDisposable {
  browser: Browser;
  /** With cookies and a cache of its own; `link` signs it in. */
  openPage(link: string, options: PageOptions): Promise<OpenedPage>;
  /** In the browser of the pages before it with the same options: what it loads is cached already. */
  openTab(link: string, options: PageOptions): Promise<OpenedPage>;
}

// What runs in a page is text: its types are not those of this program.
const rememberViolations = `
  globalThis.violations = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
    globalThis.violations.push([violatedDirective, blockedURI, sample].join(" ")));
`;

// What moves by itself: https://web.dev/articles/cls. A value is the part of the screen times the part of its height.
const rememberShifts = `
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries())
      if (!hadRecentInput) globalThis.shifts.push({ value, parts: sources.map(({ node, previousRect: was, currentRect: is }) =>
        (node?.nodeName ?? "gone") + "." + (node?.className ?? "") + " from " + [was.x, was.y].map(Math.round) + " to " + [is.x, is.y].map(Math.round)) });
  }).observe({ type: "layout-shift", buffered: true });
`;

const audit = `(async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await axe.run({ runOnly: { type: "tag", values: tags } });
  const { scrollWidth, clientWidth } = document.documentElement;
  return [
    ...violations.map(({ id, nodes }) => id + ": " + nodes.map((node) => node.target.join() + " " + node.failureSummary).join(" | ")),
    ...(scrollWidth > clientWidth ? ["overflow: " + scrollWidth + " wide on " + clientWidth] : []),
    ...[...document.querySelectorAll("main, main > *")]
      .filter((part) => part.scrollWidth > part.clientWidth + 1)
      .map((part) => "overflow: " + part.tagName + " " + part.className),
  ];
})()`;

export async function openBrowser(executablePath: string): Promise<OpenedBrowser> {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  const shared = new Map<string, Promise<BrowserContext>>();
  return {
    browser,
    [Symbol.asyncDispose]: () => browser.close(),
    async openPage(link, options) {
      const context = await createContext(browser, options);
      return { ...(await openIn(context, link)), [Symbol.asyncDispose]: () => context.close() };
    },
    async openTab(link, options) {
      const key = JSON.stringify(options);
      const context = shared.get(key) ?? createContext(browser, options);
      shared.set(key, context);
      return openIn(await context, link);
    },
  };
}

async function createContext(
  browser: Browser,
  { size, scheme = "light", timeZone = "Europe/Berlin" }: PageOptions,
): Promise<BrowserContext> {
  const { width, height, isMobile, scale } = sizes[size];
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    isMobile,
    hasTouch: isMobile,
    colorScheme: scheme,
    timezoneId: timeZone,
    locale: "en-GB",
  });
  context.setDefaultTimeout(waitMsMax);
  return context;
}

async function openIn(context: BrowserContext, link: string): Promise<OpenedPage> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  await page.addInitScript({ content: rememberViolations + rememberShifts });
  await page.goto(link);
  return {
    page,
    async takeFaults() {
      const violations = await page.evaluate<string[]>("globalThis.violations.splice(0)");
      return [...faults.splice(0), ...violations.map((each) => `policy: ${each}`)];
    },
    takeShifts: () => page.evaluate<Shift[]>("globalThis.shifts.splice(0)"),
    [Symbol.asyncDispose]: () => page.close(),
  };
}

/**
 * Until nothing moves by itself any more: what comes with a fade has other colours meanwhile. What turns for ever is not waited for, and what begins
 * anew again and again not for longer than its limit.
 */
const settle = `(async () => {
  await document.fonts.ready;
  const late = performance.now() + 10_000;
  for (;;) {
    const moving = document.getAnimations().filter(
      ({ effect, playState }) => playState === "running" && effect?.getComputedTiming().endTime !== Infinity);
    if (moving.length === 0 || performance.now() > late) return;
    await Promise.race([Promise.allSettled(moving.map(({ finished }) => finished)), new Promise((resolve) => setTimeout(resolve, 1_000))]);
  }
})()`;

/** Presses of a button that asks first, and asks for some seconds only: a busy machine may come too late to the second press, and begins again. */
export async function pressSure(page: Page, { button, asks }: { button: string; asks: string }): Promise<void> {
  await until(async () => {
    await page.click(button);
    return await page.click(asks, { timeout: sureMsMax }).then(
      () => true,
      () => false,
    );
  });
}

/** What is wrong with a page for those who cannot see it well, do not use a mouse, or have a narrow screen. */
export async function auditPage(page: Page): Promise<string[]> {
  await page.evaluate(settle);
  const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(source);
  return page.evaluate<string[]>(audit);
}
