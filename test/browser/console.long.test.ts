/** Every screen of the console at the other sizes and in the other theme: the phone in light colours is part of the short suite. */
import { test } from "node:test";
import { findChromium, noChromium, openBrowser } from "./open-browser.ts";
import { fillHome, openConsole } from "./open-console.ts";
import { walkScreens } from "./walk-screens.ts";

const executable = await findChromium();

test(
  "every screen is without faults, on a phone and a desktop, in light and in dark colours",
  { skip: executable === undefined && noChromium },
  async () => {
    await using home = await openConsole();
    await using browser = await openBrowser(executable ?? "");
    await fillHome(home);
    await walkScreens(browser, home, { size: "desktop", scheme: "dark" });
    await walkScreens(browser, home, { size: "desktop", scheme: "light" });
    await walkScreens(browser, home, { size: "phone", scheme: "dark" });
  },
);
