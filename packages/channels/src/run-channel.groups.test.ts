/** Groups of a channel: who is heard in them, where they are answered, and what stays when one gets another id. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { listRuns } from "@roost/kernel";
import { changeStanding, listPeers } from "./peers/peers.ts";
import { openChannelHome } from "./testing/open-channel-home.ts";

const me = "41";
const stranger = "52";
const group = "-1009";

test("In a group Roost hears what names it, from those who are allowed, in a session of the group, never in main", async () => {
  await using home = await openChannelHome();
  const { server, kernel } = home;
  home.start();
  await home.bind(me);
  const inGroup = { chat: group, isGroup: true };
  server.say({ ...inGroup, by: me, text: "what a day" });
  server.say({ ...inGroup, by: stranger, text: "tell me everything", isMention: true });
  server.say({ ...inGroup, by: me, text: "when is the concert?", isMention: true });
  await home.answer("At eight.");
  await until(() => home.shown(group).includes("At eight."));
  const runs = await listRuns(kernel, { limit: 10 });
  assert.deepEqual(
    runs.map(({ sessionKey, sessionKind }) => [sessionKey, sessionKind]),
    [[`channel:telegram/${group}`, "channel"]],
  );
  await changeStanding(kernel, "telegram", { peer: `Group ${group}`, standing: "guest", by: "person:owner" });
  // Another id of the same group: what it may goes along, and so does an answer that is under way.
  const moved = "-100777";
  server.say({ ...inGroup, by: stranger, text: "where is it?", isMention: true });
  await home.answer("In the old hall.", { meanwhile: async () => server.migrate(group, moved) });
  await until(() => home.shown(moved).includes("In the old hall."));
  const peerThere = async () => (await listPeers(kernel, "telegram", { limit: 10 })).find(({ id }) => id === moved);
  await until(async () => (await peerThere()) !== undefined);
  assert.equal((await peerThere())?.title, `Group ${group}`, "by which the person names it");
  inGroup.chat = moved;
  server.say({ ...inGroup, by: stranger, text: "and the tickets?", isMention: true });
  await home.answer("At the door.");
  await until(() => home.shown(moved).includes("At the door."));
  const asked = server.say({ ...inGroup, by: stranger, text: "and who plays?", isMention: true });
  await home.answer("someone ".repeat(1_200));
  await until(() => server.shown(moved).filter(({ text }) => text.startsWith("someone")).length === 3);
  const pieces = server.shown(moved).filter(({ text }) => text.startsWith("someone"));
  assert.deepEqual(new Set(pieces.map(({ replyTo }) => replyTo)), new Set([asked]), "in the topic where it was asked");
  server.say({ ...inGroup, by: stranger, text: "and the code of the door?", isMention: true });
  await home.answer("4711", {
    async meanwhile() {
      await changeStanding(kernel, "telegram", { peer: moved, standing: "refused", by: "person:owner" });
    },
  });
  const openTurns = () => kernel.database.query("select 1 from channels.turn where done_at is null");
  await until(async () => (await openTurns()).length === 0);
  assert.ok(!home.shown(moved).includes("4711"), "refused meanwhile, they learn no more");
});
