import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "@roost/base";
import type { MessageItem } from "../messages/source-message.ts";
import { createChatDb, write } from "./create-chat-db.fixture.ts";
import { watchChatDb, type ChatPlace } from "./watch-chat-db.ts";

interface Taken {
  texts: string[];
  place: ChatPlace;
}

/** Watches until `isLast` holds for what was taken, and gives it. */
async function watchUntil(
  path: string,
  place: ChatPlace | undefined,
  isLast: (texts: readonly string[]) => boolean,
): Promise<Taken> {
  const stop = new AbortController();
  const texts: string[] = [];
  let last = place;
  await watchChatDb({
    path,
    place,
    // The moment at which the rows of the fixture were sent.
    clock: createFakeClock(1_700_000_000_000),
    signal: stop.signal,
    pollMs: 20,
    take: (items: MessageItem[], reached) => {
      for (const item of items) if ("message" in item) texts.push(item.message.text);
      last = reached;
      if (isLast(texts)) stop.abort();
      return Promise.resolve();
    },
  });
  return { texts, place: last ?? assert.fail() };
}

test("watchChatDb() reads what there is, then what comes, then what was edited, from where it was", async (t) => {
  const { path, writer } = createChatDb(t);
  for (const guid of ["a", "b"]) write(writer, { guid, text: guid, handle_id: 1 }, 1);
  const first = await watchUntil(path, undefined, (texts) => {
    if (texts.length === 2) write(writer, { guid: "c", text: "c", handle_id: 1 }, 1);
    return texts.length >= 3;
  });
  assert.deepEqual(first.texts, ["a", "b", "c"]);
  writer.exec("UPDATE message SET text = 'a!', date_edited = 800000000000000000 WHERE guid = 'a'");
  const second = await watchUntil(path, first.place, (texts) => texts.length >= 1);
  assert.deepEqual(second.texts, ["a!"]);
});

test("watchChatDb() reads a row again once its chat is there", async (t) => {
  const { path, writer } = createChatDb(t);
  const row = write(writer, { guid: "a", text: "a", handle_id: 1 });
  const taken = await watchUntil(path, undefined, (texts) => {
    // The look that found the row without its chat has taken nothing of it.
    if (texts.length === 0) writer.exec(`INSERT OR IGNORE INTO chat_message_join VALUES (1, ${row})`);
    return texts.length >= 1;
  });
  assert.deepEqual(taken.texts, ["a"]);
  assert.deepEqual(taken.place.waiting, []);
});

test("watchChatDb() reads another file from its first row", async (t) => {
  const { path, writer } = createChatDb(t);
  write(writer, { guid: "a", text: "a", handle_id: 1 }, 1);
  const place = { inode: 1, row: 99, changedMs: 5, waiting: [7] };
  const { texts, place: reached } = await watchUntil(path, place, (all) => all.length >= 1);
  assert.deepEqual([texts, reached.row], [["a"], 1]);
  assert.notEqual(reached.inode, 1);
});
