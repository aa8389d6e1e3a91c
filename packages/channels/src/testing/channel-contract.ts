/** The contract of channels, as tests that each implementation runs against its service, or a faithful local one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SendFailed, type Channel, type IncomingMessage, type Update } from "../channel.ts";
import type { ChannelWorld } from "./channel-world.ts";

const signal = new AbortController().signal;
const chat = "41";
const group = "-1009";
const isSendFailed = (isUnknown: boolean) => (error: unknown) => {
  assert.ok(error instanceof SendFailed, String(error));
  assert.equal(error.isUnknown, isUnknown);
  return true;
};

/** Registers the tests. `name` begins their titles. */
export function checkChannel(name: string, open: () => Promise<ChannelWorld>): void {
  const check = (behaviour: string, work: (world: ChannelWorld, channel: Channel) => Promise<void>) => {
    void test(`${name} ${behaviour}`, async () => {
      await using world = await open();
      await work(world, world.open());
    });
  };

  check(
    "receives what was written in order, again from the same place, and forgets only what is before it",
    async (world, channel) => {
      assert.deepEqual(await channel.whoAmI(signal), world.account);
      for (const text of ["one", "two", "three"]) world.say({ chat, text });
      const first = await channel.receive({ after: null, signal });
      assert.deepEqual(first.map(textOf), ["one", "two", "three"]);
      assert.deepEqual(await channel.receive({ after: null, signal }), first, "nothing was confirmed");
      const later = await world.open().receive({ after: first[1]!.place, signal });
      assert.deepEqual(later.map(textOf), ["three"]);
      const waiting = channel.receive({ after: first[2]!.place, signal });
      world.say({ chat, text: "four" });
      assert.deepEqual((await waiting).map(textOf), ["four"]);
      assert.deepEqual(
        await channel.receive({ after: (await waiting)[0]!.place, signal }),
        [],
        "it waits only a while",
      );
    },
  );

  check("tells the second of two readers, or ends the first", async (world, channel) => {
    const one = channel.receive({ after: null, signal });
    const both = [one, world.open().receive({ after: null, signal })];
    const settled = await Promise.allSettled(both);
    const refused = settled.filter((each) => each.status === "rejected");
    assert.equal(refused.length, 1);
    assert.equal((refused[0] as { reason: { code: string } }).reason.code, "conflict");
  });

  check(
    "says who wrote, where, whether it is another person's, and whether it is for Roost",
    async (world, channel) => {
      const sent = await channel.send(chat, { text: "hello" }, signal);
      world.say({ chat, text: "an answer", replyTo: sent.ref });
      world.say({ chat, text: "of another", isForwarded: true });
      world.say({ chat: group, by: "77", isGroup: true, text: "among us" });
      world.say({ chat: group, by: "77", isGroup: true, text: "come", isMention: true });
      const [answer, forwarded, talk, mention] = (await channel.receive({ after: null, signal })) as IncomingMessage[];
      assert.deepEqual([answer?.replyTo, answer?.isForMe, answer?.isForwarded], [sent.ref, true, false]);
      assert.deepEqual([answer?.chat.kind, answer?.chat.id, answer?.sender?.id], ["private", chat, chat]);
      assert.deepEqual([forwarded?.isForwarded, forwarded?.text], [true, "of another"]);
      assert.deepEqual([talk?.chat.kind, talk?.sender?.id, talk?.isForMe], ["group", "77", false]);
      assert.deepEqual([mention?.isForMe, mention?.text.endsWith("come")], [true, true]);
    },
  );

  check("gives the bytes of voice notes, pictures and files, and sends files", async (world, channel) => {
    const bytes = new Uint8Array([0x4f, 0x67, 0x67, 0x53, 1, 2, 3]);
    for (const [kind, mediaType] of [
      ["voice", "audio/ogg"],
      ["photo", "image/jpeg"],
      ["document", "application/pdf"],
    ] as const)
      world.say({ chat, text: kind, album: "holiday", file: { name: "notes.pdf", mediaType, bytes, kind } });
    const messages = (await channel.receive({ after: null, signal })) as IncomingMessage[];
    const files = messages.flatMap((message) => message.files);
    assert.deepEqual(
      files.map(({ mediaType }) => mediaType),
      ["audio/ogg", "image/jpeg", "application/pdf"],
    );
    assert.deepEqual(new Set(messages.map(({ album }) => album)), new Set(["holiday"]));
    for (const { fileId } of files) assert.deepEqual(new Uint8Array(await channel.readFile(fileId, signal)), bytes);
    await assert.rejects(channel.readFile("no-such-file", signal));
    await channel.sendFile(chat, { bytes, name: "voice.ogg", mediaType: "audio/ogg" }, signal);
    await channel.sendFile(chat, { bytes, name: "list.csv", mediaType: "text/csv" }, signal);
    assert.deepEqual(
      world.shown(chat).map(({ file }) => [file?.mediaType, file?.bytes.byteLength]),
      [
        ["audio/ogg", 7],
        ["text/csv", 7],
      ],
    );
  });

  check("edits a message to what is said, however often, and says when it is gone", async (world, channel) => {
    const { ref } = await channel.send(chat, { text: "a" }, signal);
    await channel.edit(chat, ref, { text: "ab", buttons: [{ text: "yes", press: "y" }] }, signal);
    await channel.edit(chat, ref, { text: "ab", buttons: [{ text: "yes", press: "y" }] }, signal);
    assert.deepEqual(
      world.shown(chat).map(({ text, buttons }) => [text, buttons]),
      [["ab", ["yes"]]],
    );
    await assert.rejects(channel.edit(chat, "99999", { text: "x" }, signal), { code: "not_found" });
  });

  check("brings presses of buttons with their message, and answers them, late ones too", async (world, channel) => {
    const { ref } = await channel.send(
      chat,
      {
        text: "Send it?",
        buttons: [
          { text: "yes", press: "q:1:0" },
          { text: "no", press: "q:1:1" },
        ],
      },
      signal,
    );
    world.press({ chat, ref, button: 1 });
    const [press] = await channel.receive({ after: null, signal });
    assert.ok(press?.kind === "press");
    assert.deepEqual([press.press, press.ref, press.sender.id, press.chat.id], ["q:1:1", ref, chat, chat]);
    await channel.answerPress(press.pressId, "Recorded", signal);
    await channel.answerPress(press.pressId, "Recorded", signal);
    assert.deepEqual(world.pressAnswers, ["Recorded"]);
  });

  check("says of each message that failed whether it may have been sent", async (world, channel) => {
    world.limitNext(1, 2);
    await assert.rejects(channel.send(chat, { text: "too soon" }, signal), (error: unknown) => {
      assert.ok(isSendFailed(false)(error));
      assert.equal((error as SendFailed).retryAfterMs, 2_000);
      return true;
    });
    assert.deepEqual(world.shown(chat), []);
    world.loseNext();
    await assert.rejects(channel.send(chat, { text: "lost on the way back" }, signal), isSendFailed(true));
    world.loseNext("failed");
    await assert.rejects(channel.send(chat, { text: "failed after it was done" }, signal), isSendFailed(true));
    assert.deepEqual(
      world.shown(chat).map(({ text }) => text),
      ["lost on the way back", "failed after it was done"],
    );
  });

  check("sends texts up to its limit, and no longer ones", async (world, channel) => {
    const { textCharsMax } = channel.limits;
    await channel.send(chat, { text: "é".repeat(textCharsMax) }, signal);
    assert.equal(world.shown(chat)[0]?.text.length, textCharsMax);
    await assert.rejects(channel.send(chat, { text: "e".repeat(textCharsMax * 2) }, signal), isSendFailed(false));
  });
}

function textOf(update: Update): string {
  return update.kind === "message" ? update.text : update.kind;
}
