/** The console in headless Chromium, on a real home with a scripted model: one home and one browser for all cases of a suite. */
import { after, before, suite, test } from "node:test";
import { findChromium, noChromium, openBrowser, type OpenedBrowser } from "./open-browser.ts";
import { fillHome, openConsole, type ConsoleHome } from "./open-console.ts";

export interface ConsoleScene {
  home: ConsoleHome;
  browser: OpenedBrowser;
}

type DefineCase = (
  title: string,
  check: (scene: ConsoleScene) => Promise<void>,
  options?: { skip: string | false },
) => void;

const executable = await findChromium();
export const withChromium = { skip: executable === undefined && noChromium };

/** Only where it is there: a test that needs it is skipped otherwise. */
export const openFoundBrowser = (): Promise<OpenedBrowser> => openBrowser(executable ?? "");

/** Skipped without Chromium. */
export function suiteOfConsole(title: string, define: (test: DefineCase) => void): void {
  suite(title, withChromium, () => {
    const opened = new AsyncDisposableStack();
    let scene: ConsoleScene;
    before(async () => {
      const home = opened.use(await openConsole());
      const browser = opened.use(await openFoundBrowser());
      await fillHome(home);
      scene = { home, browser };
    });
    after(() => opened.disposeAsync());
    define((each, check, { skip } = { skip: false }) => void test(each, { skip }, () => check(scene)));
  });
}
