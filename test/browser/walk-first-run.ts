import assert from "node:assert/strict";
import { auditPage, type OpenedPage } from "./open-browser.ts";
import type { ConsoleHome } from "./open-console.ts";

/** From a new home to a first answer, without a terminal. `onStep` is called when a step stands on the screen. */
export async function walkFirstRun(
  { page }: OpenedPage,
  home: ConsoleHome,
  onStep: (name: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const see = async (name: string) => {
    assert.deepEqual(await auditPage(page), [], name);
    await onStep(name);
  };
  await page.waitForSelector("h1:has-text('Which model')");
  await page.click("label:has-text('Another server')");
  await page.fill("input[placeholder^='https']", home.modelUrl);
  await page.fill("input[type=password]", "sk-first-run");
  await page.fill("input[placeholder='as the server calls it']", "broken");
  await page.click("button:has-text('Try it')");
  await page.waitForSelector("text=It did not answer");
  await see("model");
  await page.fill("input[placeholder='as the server calls it']", "scripted");
  await page.click("button:has-text('Try it')");
  await page.waitForSelector("h1:has-text('Who are you')");
  await page.fill("input[autocomplete=given-name]", "Eva");
  await see("names");
  await page.click("button:has-text('Go on'):enabled");
  await page.waitForSelector("h1:has-text('by itself')");
  await page.click("label:has-text('Morning brief')");
  await page.waitForSelector("text=at most $0.10");
  await see("jobs");
  await page.click("button:has-text('Switch it on'):enabled");
  await page.waitForSelector("text=is awake, with scripted");
  await see("hello");
  await page.click("button:has-text('Send'):enabled");
  await page.waitForSelector("text=Read, and noted: Hello! I am Eva.");
}
