/** Parts that tools bring: a picture from the web, and one that is looked at again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { partLimits } from "@roost/contract/part";
import { jobRun, openTestHome } from "../testing/open-test-home.ts";
import { startTestSite } from "../testing/start-test-site.ts";

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");

function openSite() {
  return startTestSite(({ url }, response) => {
    if (url === "/large") {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      return void response.end(Buffer.alloc(partLimits.bytesMax + 1));
    }
    const types: Record<string, string> = { "/a%20cat.png": "image/png", "/octets": "application/octet-stream" };
    response.writeHead(200, { "content-type": types[url ?? ""] ?? "application/zip" });
    response.end(url === "/zip" ? Buffer.from("504b0304", "hex") : png);
  });
}

test("http_fetch() gives a picture as a part from its host, by its bytes, and refuses what is too large", async () => {
  await using site = await openSite();
  await using home = await openTestHome({ settings: { http: { allow: [site.host] } } });
  const fetch = (path: string) => ({ name: "http_fetch", arguments: { url: `${site.url}${path}` } });
  const owner = await home.begin(jobRun("look"));
  const { answers } = await home.callTools(owner, ["/a%20cat.png", "/octets", "/zip", "/large"].map(fetch));
  const [picture, octets, zip, large] = answers;
  const part = picture?.parts?.[0];
  assert.deepEqual([part?.type, part?.name, part?.bytes], ["image", "a cat.png", png.byteLength]);
  assert.ok(part?.labels?.includes("trust:untrusted") && part.labels.includes("src:web:127.0.0.1"));
  assert.equal(picture?.isUntrusted, true);
  assert.match(picture?.text ?? "", /\[image a cat\.png 16 B image\/png #[0-9a-f]{12}\]$/);
  assert.equal(octets?.parts?.[0]?.mediaType, "image/png");
  assert.deepEqual([zip?.parts, /zip content is not shown/.test(zip?.text ?? "")], [undefined, true]);
  assert.match(large?.text ?? "", /^Error \(limit_exceeded\): .*more than 20971520 bytes of audio\/mpeg/);
});

test("view_part() shows a part again, with its marks, and not to a run that may not know it", async () => {
  await using site = await openSite();
  await using home = await openTestHome({
    files: { "dot.gif": "GIF89a\u0001\0" },
    settings: { http: { allow: [site.host] } },
  });
  const owner = await home.begin({});
  const { answers } = await home.callTools(owner, [
    { name: "read_file", arguments: { path: "dot.gif" } },
    { name: "http_fetch", arguments: { url: `${site.url}/octets` } },
  ]);
  const [own, web] = answers.map(({ parts }) => parts?.[0]?.sha256 ?? "");
  const view = (sha256 = "") => ({ name: "view_part", arguments: { part: `#${sha256.slice(0, 12)}` } });
  const again = await home.callTools(await home.begin({}), [view(own), view(web)]);
  assert.deepEqual(
    again.answers.map(({ parts, isUntrusted }) => [parts?.[0]?.mediaType, isUntrusted]),
    [
      ["image/gif", undefined],
      ["image/png", true],
    ],
  );
  const cron = await home.callTools(await home.begin(jobRun("b")), [view(own), view(web)]);
  assert.match(cron.answers[0]?.text ?? "", /there is no part .* that you may look at/);
  assert.equal(cron.answers[1]?.parts?.[0]?.mediaType, "image/png", "what is from the web is for everybody");
});
