/** How long the console takes to show Now on a slow phone, for the first time and the second: npm run measure-console. Prints one line a round, and the load. */
import { loadavg } from "node:os";
import { systemClock } from "@roost/base";
import { openBrowser, requireChromium } from "./open-browser.ts";
import { fillHome, openConsole } from "./open-console.ts";

const rounds = 5;
/** Chromium's "Slow 4G", and a processor of a quarter of this machine's speed. */
const network = { offline: false, latency: 562.5, downloadThroughput: 180_000, uploadThroughput: 84_375 };
const cpuRate = 4;
/** Stands on the screen when the lists of Now do. */
const shows = "text=Just ended";
const waitMsMax = 60_000;

const executable = await requireChromium();
await using home = await openConsole();
await fillHome(home);
await using browser = await openBrowser(executable);
for (let round = 0; round < rounds; round += 1) {
  await using view = await browser.openPage(await home.link(), { size: "phone" });
  const { page } = view;
  await page.waitForSelector(shows);
  // The service worker has what it keeps.
  await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", network);
  await session.send("Emulation.setCPUThrottlingRate", { rate: cpuRate });
  const open = async () => {
    const startedMs = systemClock.nowMs();
    await page.goto(home.url);
    await page.waitForSelector(shows, { timeout: waitMsMax });
    return systemClock.nowMs() - startedMs;
  };
  const secondMs = await open();
  await page.evaluate(`(async () => {
    for (const worker of await navigator.serviceWorker.getRegistrations()) await worker.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
    localStorage.clear();
  })()`);
  await session.send("Network.clearBrowserCache");
  const coldMs = await open();
  process.stdout.write(`cold ${coldMs} ms, second ${secondMs} ms, load ${loadavg()[0]?.toFixed(1)}\n`);
}
