import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { RoostError } from "@roost/base";
import { lookAtCalendars, type CalendarLook } from "./look-at-calendars.ts";

interface Asked {
  path: string;
  method: string;
  body: string;
  headers: IncomingMessage["headers"];
}

/** A calendar server within the test's process: `events` by the paths of their objects, `answer` what misbehaves. */
interface ScriptedDav extends AsyncDisposable {
  url: string;
  calendars: Record<string, Record<string, string>>;
  /** True: it has answered. */
  answer: (asked: Asked, response: ServerResponse) => boolean;
  asked: Asked[];
}

const multistatus = (responses: string) =>
  `<?xml version="1.0"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${responses}</multistatus>`;
const responseOf = (href: string, prop: string) =>
  `<response><href>${href}</href><propstat><prop>${prop}</prop><status>HTTP/1.1 200 OK</status></propstat></response>`;

async function startScriptedDav(): Promise<ScriptedDav> {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await Array.fromAsync(request)).join("");
    const { url: path = "/", method = "GET", headers } = request;
    const asked: Asked = { path, method, body, headers };
    dav.asked.push(asked);
    if (dav.answer(asked, response)) return;
    const text = answerTo(asked, dav);
    response.writeHead(text === undefined ? 404 : 207, { "content-type": "application/xml" }).end(text);
  };
  const server = createServer((request, response) => void serve(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const dav: ScriptedDav = {
    url: `http://127.0.0.1:${port}/`,
    calendars: { mine: {} },
    answer: () => false,
    asked: [],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return dav;
}

function answerTo({ path, method, body }: Asked, { calendars }: ScriptedDav): string | undefined {
  if (path.startsWith("/.well-known")) return undefined;
  if (method === "PROPFIND" && !path.startsWith("/cal/"))
    return multistatus(
      responseOf(
        path,
        "<current-user-principal><href>/</href></current-user-principal><C:calendar-home-set><href>/cal/</href></C:calendar-home-set>",
      ),
    );
  const components = '<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>';
  const kinds = "<resourcetype><collection/><C:calendar/></resourcetype>";
  if (method === "PROPFIND")
    return multistatus(
      Object.keys(calendars)
        .map((name) => responseOf(`/cal/${name}/`, `<displayname>${name}</displayname>${kinds}${components}`))
        .join(""),
    );
  const [, name = ""] = /^\/cal\/([^/]+)/.exec(path) ?? [];
  const objects = Object.entries(calendars[name] ?? {}).map(
    ([key, text]) => [`/cal/${name}/${key}.ics`, text] as const,
  );
  const isMultiget = body.includes("multiget");
  return multistatus(
    objects
      .filter(([href]) => !isMultiget || body.includes(href))
      .map(([href, text]) =>
        responseOf(
          href,
          isMultiget ? `<C:calendar-data><![CDATA[${text}]]></C:calendar-data>` : "<getetag>1</getetag>",
        ),
      )
      .join(""),
  );
}

const from = new Date("2026-03-20T08:00:00Z");

async function look(
  { url }: Pick<ScriptedDav, "url">,
  { eventsMax = 200, ms = 120_000 }: { eventsMax?: number; ms?: number } = {},
): Promise<CalendarLook & { titles: string[] }> {
  const found = await lookAtCalendars(
    { url, user: "ida", password: "secret" },
    {
      from,
      until: new Date("2026-03-20T20:00:00Z"),
      timeZone: "UTC",
      calendars: [],
      eventsMax,
      signal: AbortSignal.timeout(ms),
    },
  );
  return { ...found, titles: found.items.map(({ text }) => /^Event: (.*)$/m.exec(text)?.[1] ?? text) };
}

const eventOf = (title: string, more = "", start = "20260320T120000Z", uid = title) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nSUMMARY:${title}\r\nDTSTART:${start}\r\n${more}END:VEVENT\r\nEND:VCALENDAR\r\n`;

test("lookAtCalendars() names what it leaves out: one endless invitation hides no other event", async () => {
  await using dav = await startScriptedDav();
  const endless: Record<string, string> = {};
  for (let index = 0; index < 40; index += 1)
    endless[`spam${index}`] = eventOf(`Spam ${index}`, "RRULE:FREQ=SECONDLY\r\n", "19700101T000000Z");
  dav.calendars["mine"] = {
    ...endless,
    daily: eventOf("Daily", "RRULE:FREQ=DAILY\r\n", "20210320T120000Z"),
    sent: eventOf("Sent ahead", "", "20260320T130000Z", "Daily"),
    torn: "BEGIN:VCALENDAR",
    large: eventOf("Large", `DESCRIPTION:${"x".repeat(1_100_000)}\r\n`),
  };
  const { titles, leftOut } = await look(dav);
  assert.deepEqual(titles, ["Daily", "Sent ahead"]);
  const names = leftOut.map(({ name }) => name).toSorted();
  assert.deepEqual(names.slice(0, 2), ["/cal/mine/torn.ics", "Large"]);
  assert.equal(names.filter((name) => name.startsWith("Spam")).length, 40);
});

test("lookAtCalendars() brings the soonest and says how many follow, and a calendar that fails costs no other", async () => {
  await using dav = await startScriptedDav();
  for (let index = 0; index < 9; index += 1)
    dav.calendars["mine"]![`e${index}`] = eventOf(`E${index}`, "", `20260320T1${index}0000Z`);
  dav.calendars["shared"] = { one: eventOf("Shared") };
  dav.answer = ({ path, method }, response) => {
    if (method !== "REPORT" || !path.startsWith("/cal/shared")) return false;
    response.writeHead(404).end();
    return true;
  };
  const { titles, laterCount, leftOut } = await look(dav, { eventsMax: 3 });
  assert.deepEqual([titles, laterCount], [["E0", "E1", "E2"], 6]);
  assert.match(
    leftOut.map(({ name, why }) => `${name}: ${why}`).join(),
    /^shared: .* answers a question for entries with 404$/,
  );
  delete dav.calendars["mine"];
  await assert.rejects(look(dav), { code: "unavailable" }, "nothing was found out");
});

test("lookAtCalendars() follows its server nowhere else, and takes no more than was asked for", async () => {
  const to = (location: string) => (_asked: Asked, response: ServerResponse) => {
    response.writeHead(307, { location }).end();
    return true;
  };
  const xml = { "content-type": "application/xml" };
  const bomb = gzipSync(Buffer.alloc(18_000_000, "<a>"));
  const entities = `<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${multistatus("&b;")}`;
  for (const [what, code, answer] of [
    ["an address that only this machine reaches", "forbidden", to("http://169.254.169.254/latest/")],
    ["another program of this machine", "forbidden", to("http://127.0.0.1:1/")],
    ["another host", "forbidden", to("https://evil.example/")],
    ["itself, without end", "unavailable", to("/again/")],
    ["no address", "unavailable", to("http://[")],
    [
      "a bomb",
      "limit_exceeded",
      (_asked: Asked, response: ServerResponse) => {
        response.writeHead(207, { ...xml, "content-encoding": "gzip" }).end(bomb);
        return true;
      },
    ],
    [
      "elements",
      "limit_exceeded",
      (_asked: Asked, response: ServerResponse) => {
        response.writeHead(207, xml).end(multistatus("<a/>".repeat(400_001)));
        return true;
      },
    ],
    [
      "depth",
      "invalid_input",
      (_asked: Asked, response: ServerResponse) => {
        response.writeHead(207, xml).end(multistatus("<a>".repeat(20_000)));
        return true;
      },
    ],
    [
      "entities",
      "invalid_input",
      (_asked: Asked, response: ServerResponse) => {
        response.writeHead(207, xml).end(entities);
        return true;
      },
    ],
  ] as const) {
    await using dav = await startScriptedDav();
    dav.answer = (asked, response) => !asked.path.startsWith("/.well-known") && answer(asked, response);
    const fault = (error: unknown) => error instanceof RoostError && error.code === code && error.message.length < 500;
    await assert.rejects(look(dav), fault, what);
  }
  await using slow = await startScriptedDav();
  slow.answer = ({ method }, response) => {
    if (method !== "REPORT") return false;
    response.writeHead(207, xml).write("<");
    return true;
  };
  await assert.rejects(look(slow, { ms: 500 }), { name: "TimeoutError" });
  // A session that it would begin is none.
  slow.answer = (_asked, response) => {
    response.setHeader("set-cookie", "who=ida");
    return false;
  };
  await look(slow);
  assert.ok(slow.asked.every(({ headers }) => headers.cookie === undefined));
});
