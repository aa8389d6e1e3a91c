/** Every screen of the console at the other sizes and in the other theme: the phone in light colours is part of the short suite. */
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { findChromium, noChromium, openBrowser } from "./open-browser.ts";
import { fillHome, openConsole } from "./open-console.ts";
import { walkFirstRun } from "./walk-first-run.ts";
import { walkScreens } from "./walk-screens.ts";

const executable = await findChromium();

test(
  "a new home answers its first message without a terminal: a model that is tried, names, a job, hello",
  { skip: executable === undefined && noChromium },
  async () => {
    await using home = await openConsole({ isNew: true });
    await using browser = await openBrowser(executable ?? "");
    await using view = await browser.openPage(await home.link(), { size: "phone" });
    await walkFirstRun(view, home);
    const key = (await home.api.listModels()).items[0]?.key ?? "";
    const file = join(home.directory, key.replace(/^file:/, ""));
    assert.deepEqual([(await stat(file)).mode & 0o777, await readFile(file, "utf8")], [0o600, "sk-first-run\n"]);
    assert.deepEqual(
      (await home.api.listJobs()).items.map(({ id, state }) => [id, state]).filter(([id]) => id !== "heartbeat"),
      [["morning-brief", "active"]],
    );
    assert.deepEqual(
      (await view.takeFaults()).filter((fault) => !fault.includes("ERR_CONNECTION_REFUSED")),
      [],
    );
  },
);

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
