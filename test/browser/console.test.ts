/** Who gets into the console, that it moves by itself, and that nothing said becomes part of it; every screen: console.long.test.ts. */
import assert from "node:assert/strict";
import { suiteOfConsole } from "./console-suite.ts";
import { auditPage } from "./open-browser.ts";

suiteOfConsole("the console", (test) => {
  test("a link signs one browser in, once, and leaves no code in the address; others are shown how", async ({
    home,
    browser,
  }) => {
    const link = await home.link();
    await using first = await browser.openPage(link, { size: "desktop" });
    await first.page.waitForSelector("h1:text('Now')");
    assert.equal(new URL(first.page.url()).hash, "");
    const [cookie] = await first.page.context().cookies();
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, "Strict"]);
    await first.page.reload();
    await first.page.waitForSelector("text=Just ended");
    await using second = await browser.openPage(link, { size: "phone" });
    await second.page.waitForSelector("text=not signed in");
    assert.deepEqual(await auditPage(second.page), []);
  });

  test("a code of a link pairs a browser by the page's form, and leaves no code in the address", async ({
    home,
    browser,
  }) => {
    const { links } = await home.api.createPairing({ name: "tablet" });
    await using view = await browser.openPage(links.at(-1)!, { size: "phone" });
    const { page } = view;
    assert.equal(new URL(page.url()).hash, "");
    await page.click("button:text('Pair')");
    await page.waitForSelector("h1:text('Now')");
    assert.deepEqual(
      (await home.api.listTokens({ kind: "device" })).items.map(({ name }) => name),
      ["tablet"],
    );
    await home.api.revokeToken({ token: "tablet" });
  });

  test("Now moves by itself, and answers what needs one", async ({ home, browser }) => {
    await using view = await browser.openTab(await home.link(), { size: "desktop" });
    const { page } = view;
    await page.waitForSelector("text=Hold on for a while");
    await page.click("button:has-text('Yes, with a link')");
    await page.waitForSelector("button:has-text('Yes, with a link')", { state: "detached" });
    await home.api.sendMessage({ sessionKey: "talk-new", text: "Something new happens", source: "console" });
    await page.waitForSelector("text=Something new happens");
    assert.deepEqual(await view.takeFaults(), []);
  });

  test("a conversation streams, shows calls, is written anew, and runs nothing that a model says", async ({
    home,
    browser,
  }) => {
    await home.api.createSession({ sessionKey: "talk-test" });
    await using view = await browser.openTab(await home.link("/chat/talk-test"), { size: "phone" });
    const { page } = view;
    await page.waitForSelector("text=Nothing was said yet");
    await page.setInputFiles("input[type=file]", {
      name: "<img src=x onerror=alert(1)>.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("a file"),
    });
    await page.fill("textarea", "Which posts were read most?");
    await page.click("button[aria-label='Send']");
    await page.waitForSelector("text=Shall I ask for the picture?");
    await page.waitForSelector("td:has-text('2,310')");
    await page.click("summary:has-text('search_files')");
    await page.waitForSelector("pre:has-text('blog post readers')");
    assert.equal(await page.locator("main img, main script").count(), 0);
    await page.click("button:text('Why did you say that?') >> nth=-1");
    await page.waitForSelector("text=It was shown");
    assert.deepEqual(await auditPage(page), []);
    await page.keyboard.press("Escape");
    await page.click("button[aria-label='Edit and send again']");
    await page.fill("textarea", "Say something else");
    await page.click("button[aria-label='Send']");
    await page.waitForSelector("text=Read, and noted: Say something else");
    await page.waitForSelector("text=messages were taken back");
    assert.deepEqual(await view.takeFaults(), []);
  });

  test("nothing that a person, a file, a job or an event is called becomes part of the page", async ({
    home,
    browser,
  }) => {
    const evil = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    const { person } = await home.peeps.addPerson({ name: evil, note: evil });
    const path = "notes/<img src=x onerror=alert(3)>.md";
    await home.api.writeFile({ path, text: evil });
    await home.api.defineJob({ jobId: "evil", title: evil, trigger: { kind: "manual" }, prompt: evil });
    await home.api.rememberFact({ text: evil });
    await using view = await browser.openTab(await home.link(), { size: "desktop" });
    const { page } = view;
    await page.waitForSelector("text=Just ended");
    const places = [
      { at: "/people", shows: "[role=row]:has-text('onerror')" },
      { at: `/people/${person.id}`, shows: "h1:has-text('onerror')" },
      { at: `/memory?path=${encodeURIComponent(path)}`, shows: "textarea" },
      { at: "/memory?tab=facts", shows: "li:has-text('onerror')" },
      { at: "/jobs/evil", shows: "h1:has-text('onerror')" },
      { at: "/timeline?job=evil", shows: "[role=row]:has-text('Job defined')" },
    ];
    for (const { at, shows } of places) {
      await page.goto(home.url + at);
      await page.waitForSelector(shows);
      assert.equal(await page.locator("img[src=x], main script").count(), 0, at);
    }
    await page.click("[role=row]:has-text('Job defined')");
    await page.waitForSelector("dialog pre:has-text('onerror')");
    assert.equal(await page.locator("img[src=x]").count(), 0);
    assert.deepEqual(await view.takeFaults(), []);
  });
});
