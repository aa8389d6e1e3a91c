/** Every screen of the console at each size and in both themes, what is done on them, and the first run of a new home. */
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { findSandbox } from "@roost/sandbox";
import { openFoundBrowser, suiteOfConsole, withChromium } from "./console-suite.ts";
import { auditPage, pressSure } from "./open-browser.ts";
import { openConsole, type ConsoleHome } from "./open-console.ts";
import { walkFirstRun } from "./walk-first-run.ts";
import { walkScreens } from "./walk-screens.ts";

test(
  "a new home answers its first message without a terminal: a model that is tried, names, a job, hello",
  withChromium,
  async () => {
    await using home = await openConsole({ isNew: true });
    await using browser = await openFoundBrowser();
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

const sandbox = await findSandbox();

suiteOfConsole("screens of the console", (test) => {
  test("every screen is without faults, on a phone and a desktop, in light and in dark colours", async ({
    home,
    browser,
  }) => {
    await walkScreens(browser, home, { size: "phone", scheme: "light" });
    await walkScreens(browser, home, { size: "desktop", scheme: "dark" });
    await walkScreens(browser, home, { size: "desktop", scheme: "light" });
    await walkScreens(browser, home, { size: "phone", scheme: "dark" });
  });

  test("the coming day is rehearsed on the screen of jobs, and what is stopped or left is cancelled", async ({
    home,
    browser,
  }) => {
    await using view = await browser.openTab(await home.link("/jobs?view=rehearsal"), { size: "phone" });
    const { page } = view;
    await page.click("button:has-text('Play a day')");
    await page.waitForSelector("text=/runs in 24 hours/", { timeout: 120_000 });
    assert.ok((await page.locator("a[href='/jobs/blog-writer']:has-text('once')").count()) > 0);
    assert.deepEqual(await auditPage(page), []);
    for (const leave of ["button:has-text('Stop')", "button:has-text('List')"]) {
      const cancelled = page.waitForRequest((request) => request.method() === "DELETE");
      await page.click("button:has-text('Play a week')");
      await page.waitForSelector("progress");
      await page.click(leave);
      assert.match((await cancelled).url(), /\/rehearsals\//);
      await page.waitForSelector(leave.includes("Stop") ? "button:has-text('Play a week')" : "a[href='/jobs/letters']");
    }
    assert.deepEqual(await view.takeFaults(), []);
  });

  test("a run shows its steps, what filled its prompt, what caused it, and whether it would do the same again", async ({
    home,
    browser,
  }) => {
    await using view = await browser.openTab(await home.link("/runs?state=trouble"), { size: "desktop" });
    const { page } = view;
    const row = page.locator("[role=row]:has-text('Please break')");
    await row.waitFor();
    assert.equal(
      await page.locator("[role=row]:has-text('A table, please')").count(),
      0,
      "what went well is not shown",
    );
    await page.focus("[role=grid]");
    // A job of the home may have failed since: the hour decides which of them fire.
    const selected = page.locator("[role=row][aria-selected=true]:has-text('Please break')");
    const rows = await page.locator("[role=row]").count();
    for (let tries = 0; tries < rows && (await selected.count()) === 0; tries += 1) await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=this model refuses the request");
    await page.keyboard.press("e");
    await page.waitForSelector("h2:text('model')");
    assert.deepEqual(await auditPage(page), []);
    await page.click("nav[aria-label='Screens'] a:has-text('Runs')");
    await page.click("[role=row]:has-text('A table, please')");
    await page.click("button:has-text('context')");
    await page.waitForSelector("text=SOUL.md");
    await page.click("button:text('Why')");
    await page.waitForSelector("text=message.received");
    assert.deepEqual(await auditPage(page), []);
    await page.click("button:text('Replay')");
    await page.click("button:has-text('Replay it')");
    await page.waitForSelector("text=/It would do/", { timeout: 60_000 });
    assert.deepEqual(await view.takeFaults(), []);
  });

  test(
    "a run shows what its program prints while it runs, as a terminal would, and follows who reads its end",
    async ({ home, browser }) => {
      const path = "agents/builder.md";
      await home.api.writeFile({ path, text: "---\ndescription: Builds\ntools: []\nexec: {}\n---\nYou build.\n" });
      await until(async () => (await home.api.listAgents()).items.some(({ id }) => id === "builder"));
      const { tick } = await defineAndRun(home.api, { jobId: "build", agent: "builder", prompt: "Build the site" });
      for (const size of ["desktop", "phone"] as const) {
        await using view = await browser.openPage(await home.link(`/runs/${tick.runId}`), { size });
        const { page } = view;
        const printed = page.locator("[aria-label='What exec prints']");
        await printed.getByText(/page \d+: written\n.*page \d+: written/).waitFor();
        assert.ok(!(await printed.innerText()).includes("[32m"));
        assert.deepEqual(await auditPage(page), []);
        // All that is printed meanwhile is more than the field shows.
        await until(() => page.evaluate<boolean>(isAtEnd));
        await page.click("button:has-text('exec')");
        await page.waitForSelector("h3:text('Printing now')");
        assert.equal(await printed.count(), 1, "it is shown in one place");
        assert.deepEqual(await auditPage(page), []);
        if (size === "phone") {
          await writeFile(join(home.directory, ".roost/exec/builder/own/enough"), "");
          await page.waitForSelector("summary:text('Out')");
          await page.waitForSelector("pre:has-text('All pages are written')");
        }
        assert.deepEqual(await view.takeFaults(), []);
      }
    },
    { skip: sandbox.isUsable ? false : sandbox.reason },
  );

  test("the inbox is answered by keys: N passes one by, A and D take the first two choices, a digit a further one", async ({
    home,
    browser,
  }) => {
    const answers = async () =>
      (await home.api.listQuestions({ state: "answered", limit: 20 })).items.map(({ answer }) => answer).toReversed();
    const before = (await home.api.listInbox({})).items.length;
    assert.ok(before > 0, "something waits already, and is passed by");
    const asks = ["Ask about colours", "Ask about colours", "Ask about colours", "Ask in your words"];
    for (const [index, text] of asks.entries()) {
      await defineAndRun(home.api, { jobId: `ask-${index}`, prompt: text });
      await until(async () => (await home.api.listInbox({})).items.length === before + index + 1);
    }
    const answered = (await answers()).length;
    await using view = await browser.openTab(await home.link("/needs"), { size: "desktop" });
    const { page } = view;
    const cards = page.locator("main li:has(article)");
    const withKeys = page.locator("main li:has(kbd)");
    await cards.nth(before + asks.length - 1).waitFor();
    for (let passed = 0; !(await withKeys.innerText()).includes("Which one?"); passed += 1) {
      assert.ok(passed < before, "N leads from each to the next");
      await page.keyboard.press("n");
    }
    for (const [key, answer] of [
      ["3", "Blue"],
      ["d", "Green"],
      ["a", "Red"],
    ] as const) {
      const left = await cards.count();
      assert.match(await withKeys.innerText(), /Red\s*A\s*Green\s*D\s*Blue\s*3/);
      await page.keyboard.press(key);
      await until(async () => (await cards.count()) === left - 1);
      assert.equal((await answers()).at(-1), answer);
    }
    // Of a free answer A leads into the field, where keys are letters.
    await page.keyboard.press("a");
    await page.waitForSelector("input[aria-label='Your answer']:focus");
    await page.keyboard.type("and no more");
    await page.keyboard.press("Enter");
    await until(async () => (await cards.count()) === before);
    assert.deepEqual((await answers()).slice(answered), ["Blue", "Green", "Red", "and no more"]);
    assert.deepEqual(await auditPage(page), []);
    assert.deepEqual(await view.takeFaults(), []);
  });

  test("a job is changed with the next ten moments in sight, across a change of the clock", async ({
    home,
    browser,
  }) => {
    await using view = await browser.openTab(await home.link("/jobs/letters"), { size: "desktop" });
    const { page } = view;
    await page.click("button:has-text('Change')");
    await page.getByLabel("Due").selectOption("cron");
    await page.waitForSelector("li:has-text('07:00') >> nth=9");
    await page.fill("input.mono", "30 2 25-31 3 0");
    await page.waitForSelector("text=the clock has changed: GMT+2");
    assert.deepEqual(await auditPage(page), []);
    await page.fill("input.mono", "99 * * * *");
    await page.waitForSelector("button:has-text('Save'):disabled");
    await page.fill("input.mono", "15 8 * * 1-5");
    await page.getByLabel("Dollars a run").fill("0.25");
    await page.getByLabel("Prompt").fill("Read the letters, and answer none.");
    const asked = page.waitForRequest((request) => request.url().endsWith("/rehearsals"));
    await page.click("button:has-text('Play a day')");
    const { jobs } = (await asked).postDataJSON() as { jobs: { id: string; trigger: { expression: string } }[] };
    assert.deepEqual(
      jobs.map(({ id, trigger }) => [id, trigger.expression]),
      [["letters", "15 8 * * 1-5"]],
    );
    await page.waitForSelector("text=/runs? in 24 hours/", { timeout: 120_000 });
    assert.deepEqual(await auditPage(page), []);
    assert.equal((await home.api.getJob({ jobId: "letters" })).job.version, 1, "nothing was saved by it");
    await page.click("button:has-text('Save'):enabled");
    await page.waitForSelector("text=on weekdays at 08:15");
    await page.waitForSelector("text=Next:");
    const { definition } = (await home.api.getJob({ jobId: "letters" })).job;
    assert.deepEqual(
      [definition.trigger.kind, definition.budget, definition.prompt],
      ["cron", { usdMax: 0.25 }, "Read the letters, and answer none."],
    );
    const faults = await view.takeFaults();
    // The refusal of the expression that is none.
    assert.deepEqual(
      faults.filter((fault) => !fault.includes("400")),
      [],
    );
  });

  test("Settings changes a cap at once, adds a model that was tried, and pairs a device by a code", async ({
    home,
    browser,
  }) => {
    await using view = await browser.openPage(await home.link("/settings"), { size: "phone" });
    const { page } = view;
    await page.tap("li:has-text('An hour') button");
    await page.fill("li:has-text('An hour') input >> nth=2", "600");
    await page.tap("li:has-text('An hour') button:has-text('Save')");
    await page.waitForSelector("li:has-text('600 calls')");
    const { items } = await home.api.listBudgets();
    assert.ok(items.some(({ scope, window, callsMax }) => scope === "all" && window === "hour" && callsMax === 600));
    await page.tap("button:has-text('Add one')");
    await page.tap("label:has-text('Another server')");
    await page.fill("input[placeholder^='https']", home.modelUrl);
    await page.fill("input[placeholder='as the server calls it']", "scripted");
    await page.tap("button:has-text('Try it')");
    await page.waitForSelector("text=counts from the next start on");
    assert.deepEqual(await auditPage(page), []);
    await pressSure(page, { button: "li:has-text('counts from') button", asks: "button:has-text('Take it away?')" });
    await page.waitForSelector("text=counts from the next start on", { state: "detached" });
    await page.tap("button:has-text('Pair a device')");
    await page.tap("button:has-text('Show the code')");
    await page.waitForSelector("svg[role=img]");
    assert.match((await page.textContent("p.mono")) ?? "", /^[A-Z0-9]{4}-[A-Z0-9]{4}$/);
    assert.deepEqual(await auditPage(page), []);
    assert.deepEqual(await view.takeFaults(), []);
  });

  test("Settings brings a host in by a command, drains one that works, and puts one out by a second press", async ({
    home,
    browser,
  }) => {
    const { code } = await home.api.createPairing({ kind: "host", name: "attic" });
    const host = { name: "attic", version: "0.0.7", at: new Date(Date.now() + 300_000).toISOString() };
    const body = JSON.stringify({ code, host });
    const headers = { "content-type": "application/json" };
    assert.equal((await fetch(`${home.url}/pair`, { method: "POST", headers, body })).status, 200);
    for (const size of ["phone", "desktop"] as const) {
      await using view = await browser.openPage(await home.link("/settings"), { size });
      const { page } = view;
      await page.waitForSelector("li:has-text('attic'):has-text('its clock is')");
      assert.deepEqual(await auditPage(page), []);
      if (size === "phone") {
        await page.tap("button:has-text('Bring one in')");
        await page.tap("button:has-text('Show the command')");
        assert.match((await page.textContent("code:has-text('roost join')")) ?? "", /roost join http\S+ --code \S{9}$/);
        await pressSure(page, { button: "button[aria-label^='Drain ']", asks: "button:has-text('Drain it?')" });
        await page.waitForSelector("text=drained: by");
        // The press that drained it does not ask already whether it should be taken back.
        assert.equal(await page.locator("text=Take runs again?").count(), 0);
        const undrain = {
          button: "button[aria-label$='take runs again']",
          asks: "button:has-text('Take runs again?')",
        };
        await pressSure(page, undrain);
        await page.waitForSelector("text=drained: by", { state: "detached" });
        assert.deepEqual(await auditPage(page), []);
      } else {
        await page.click("button[aria-label='Put attic out']");
        assert.ok(
          (await home.api.listHosts({})).items.some(({ name }) => name === "attic"),
          "one press does nothing",
        );
        const putOut = { button: "button[aria-label='Put attic out']", asks: "button:has-text('Put it out?')" };
        await page.waitForSelector(putOut.button);
        await pressSure(page, putOut);
        // Its row goes once it is out; its button went when it was pressed.
        await page.waitForSelector("li:has-text('attic'):has-text('its clock is')", { state: "detached" });
        assert.ok((await home.api.listHosts({})).items.every(({ name }) => name !== "attic"));
      }
      assert.deepEqual(await view.takeFaults(), []);
    }
  });

  test("a person is written down in two taps on a phone, merged, and taken apart again", async ({ home, browser }) => {
    await using view = await browser.openTab(await home.link("/people"), { size: "phone" });
    const { page } = view;
    await page.waitForSelector("[role=row]:has-text('Jonas Weber')");
    await page.tap("button:has-text('Write down')");
    await page.waitForSelector("dialog [data-first]:focus");
    await page.keyboard.type("Ida Berg: brings <img src=x onerror=alert(1)> to the party");
    await page.tap("button:has-text('Keep with Ida Berg')");
    await page.waitForSelector("text=brings <img src=x");
    await page.tap("button[aria-label='Merge with another']");
    await page.waitForSelector("text=Who else is Ida Berg?");
    await page.tap("dialog button:has-text('telegram:idab')");
    assert.deepEqual(await auditPage(page), []);
    await page.tap("button:has-text('Ida Bergh is Ida Berg')");
    await page.waitForSelector("h2:has-text('Also this person')");
    await page.tap("button:has-text('Take apart')");
    await page.waitForSelector("h2:has-text('Also this person')", { state: "detached" });
    const { items } = await home.peeps.listPeople({ name: "Ida Berg" });
    assert.equal(items.length, 2);
    assert.deepEqual(await auditPage(page), []);
    assert.deepEqual(await view.takeFaults(), []);
  });

  test("the timeline is narrowed, jumps to a moment, and shows causes and effects of an event", async ({
    home,
    browser,
  }) => {
    await using view = await browser.openTab(await home.link("/timeline?job=letters"), { size: "desktop" });
    const { page } = view;
    await page.click("[role=row]:has-text('Question asked')");
    await page.waitForSelector("dialog button:has-text('run.created')");
    await page.click("dialog button:has-text('run.created')");
    await page.waitForSelector("dialog [role=status] >> text=Run created");
    assert.deepEqual(await auditPage(page), []);
    await page.keyboard.press("Escape");
    await page.selectOption("select[aria-label=job]", "");
    await page.click("button:text('Trouble')");
    await page.click("[role=row]:has-text('Run failed'):has-text('refuses')");
    await page.waitForSelector("dialog >> text=this model refuses the request");
    await page.keyboard.press("Escape");
    await page.fill("input[type=datetime-local]", "2020-01-01T12:00");
    await page.waitForSelector("text=Nothing of it happened before this moment");
    await page.click("button:has-text('To now')");
    await page.waitForSelector("[role=row]:has-text('Run failed')");
    assert.deepEqual(await view.takeFaults(), []);
  });

  test("a file is written over what was seen, changes of others are joined, and a fact is kept and corrected", async ({
    home,
    browser,
  }) => {
    const path = "notes/plan.md";
    const lines = ["# Plan", "one", "two", "three", "four", "five", "six", ""];
    const { sha256 } = await home.api.writeFile({ path, text: lines.join("\n") });
    await using view = await browser.openTab(await home.link(`/memory?path=${path}`), { size: "desktop" });
    const { page } = view;
    const field = page.locator(`textarea[aria-label='Text of ${path}']`);
    await field.fill(lines.with(1, "ONE").join("\n"));
    await home.api.writeFile({ path, text: lines.with(6, "SIX").join("\n"), sha256: sha256 ?? "" });
    await page.click("button:has-text('Save')");
    await page.waitForSelector("text=Both changes stand here");
    assert.deepEqual(await auditPage(page), []);
    await page.click("button:has-text('Save')");
    await page.waitForSelector("text=Saved.");
    const { bytes } = await home.api.getFile({ path });
    assert.equal(new TextDecoder().decode(bytes), lines.with(1, "ONE").with(6, "SIX").join("\n"));
    await page.click("button:has-text('Facts')");
    await page.fill("input[placeholder='Anna lives in Munich']", "Anna lives in <b>Munich</b>");
    await page.click("button:has-text('Keep it')");
    await page.click("li button:has-text('Correct')");
    await page.fill("li input", "Anna lives in Bremen");
    await page.click("button:has-text('Keep this instead')");
    await page.check("input[type=checkbox]");
    await page.waitForSelector("li[data-closed] >> text=Anna lives in <b>Munich</b>");
    assert.deepEqual(await auditPage(page), []);
    assert.deepEqual(await view.takeFaults(), []);
  });

  test("the console opens without a network, with the last reading, and says that it is old", async ({
    home,
    browser,
  }) => {
    await using view = await browser.openPage(await home.link(), { size: "phone" });
    const { page } = view;
    await page.waitForSelector("text=Just ended");
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
    await page.context().setOffline(true);
    await page.goto(`${home.url}/runs`);
    await page.waitForSelector("text=No connection to home");
    await page.goto(home.url);
    await page.waitForSelector("text=Just ended");
    assert.deepEqual(await auditPage(page), []);
    await page.context().setOffline(false);
    await page.waitForSelector("text=No connection to home", { state: "detached" });
  });

  test("seven tabs work, each with a conversation in sight, over one event stream", async ({ home, browser }) => {
    const sessionKey = "talk-seven";
    await home.api.createSession({ sessionKey });
    await using view = await browser.openPage(await home.link(`/chat/${sessionKey}`), { size: "desktop" });
    const ownStreams: string[] = [];
    view.page.context().on("request", (request) => {
      if (/\/sessions\/[^/]+\/watch/.test(request.url())) ownStreams.push(request.url());
    });
    await view.page.waitForSelector("text=Nothing was said yet");
    const tabs = await Promise.all(Array.from({ length: 6 }, () => view.page.context().newPage()));
    // A browser has six connections: with a stream each, the last would not even load.
    for (const tab of tabs) {
      await tab.goto(`${home.url}/chat/${sessionKey}`);
      await tab.waitForSelector("text=Nothing was said yet");
    }
    await home.api.sendMessage({ sessionKey, text: "Seen by all seven", source: "console" });
    for (const tab of [view.page, ...tabs]) {
      await tab.waitForSelector("text=Seen by all seven");
      await tab.waitForSelector("text=Read, and noted: Seen by all seven");
    }
    assert.deepEqual(ownStreams, [], "a conversation has no stream of its own");
  });

  test("the palette finds and opens without a mouse", async ({ home, browser }) => {
    await using view = await browser.openTab(await home.link(), { size: "desktop" });
    const { page } = view;
    await page.waitForSelector("text=Just ended");
    await page.keyboard.press("Control+k");
    await page.waitForSelector("[role=option]");
    await page.keyboard.type("shortcuts");
    await page.keyboard.press("Enter");
    await page.waitForSelector("h2:text('Keyboard shortcuts')");
    assert.deepEqual(await auditPage(page), []);
  });

  test("GraphiQL knows the schema, answers a query and follows a subscription, and breaks no rule of its page", async ({
    home,
    browser,
  }) => {
    await using view = await browser.openTab(await home.link(), { size: "desktop" });
    const { page } = view;
    await page.waitForSelector("h1:text('Now')");
    await page.goto(`${home.url}/graphql/ide`);
    await page.waitForSelector(".graphiql-query-editor .CodeMirror:has-text('listRuns')");
    await page.getByRole("button", { name: /show documentation explorer/i }).click();
    await page.waitForSelector(".graphiql-doc-explorer:has-text('Subscription')");
    const run = page.getByRole("button", { name: /execute query/i });
    await run.click();
    await page.waitForSelector(".result-window:has-text('listRuns')");
    const text = JSON.stringify('subscription { tailEvents(types: ["run.done"], last: 1) { data { type } } }');
    await page.evaluate(`document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.setValue(${text})`);
    await run.click();
    await page.waitForSelector(".result-window:has-text('run.done')");
    await page.getByRole("button", { name: /stop query/i }).click();
    assert.deepEqual(await view.takeFaults(), []);
  });

  test("what the first screen loads is at most 130 kB compressed", async ({ home, browser }) => {
    await using view = await browser.openPage(await home.link(), { size: "phone" });
    await view.page.waitForSelector("text=Just ended");
    const asked: string[] = [];
    view.page.on("request", (request) => {
      if (/\/api\/v1\/(?:activity|status|runs|inbox)\b/.test(request.url())) asked.push(request.url());
    });
    await view.page.reload();
    await view.page.waitForSelector("text=Just ended");
    assert.equal(new Set(asked).size, 4, `fetched ahead as it is asked for: ${asked.join(" ")}`);
    const files = await view.page.evaluate<string[]>(
      "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => !name.includes('/api/') && !name.includes('/session'))",
    );
    let byteCount = 0;
    const sizes: string[] = [];
    for (const file of new Set([home.url, ...files])) {
      const response = await fetch(file, { headers: { accept: "text/html, */*", "accept-encoding": "gzip" } });
      const size = Number(response.headers.get("content-length") ?? (await response.arrayBuffer()).byteLength);
      byteCount += size;
      sizes.push(`${new URL(file).pathname} ${size}`);
    }
    assert.ok(byteCount <= 130_000, `${byteCount} bytes: ${sizes.join(", ")}`);
  });
});

const isAtEnd = `(() => {
  const { scrollTop, scrollHeight, clientHeight } = document.querySelector("[aria-label='What exec prints']");
  return scrollHeight > clientHeight && scrollHeight - scrollTop - clientHeight < 2;
})()`;

async function defineAndRun(api: ConsoleHome["api"], job: { jobId: string; agent?: string; prompt: string }) {
  await api.defineJob({ ...job, trigger: { kind: "manual" } });
  return await api.runJob({ jobId: job.jobId });
}
