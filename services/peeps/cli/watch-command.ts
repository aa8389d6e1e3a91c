/** `roost peeps watch imessage`: hands over what macOS Messages receives, as long as it runs. */
import { hostname, homedir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "@roost/base";
import type { ServiceCli } from "@roost/service/cli";
import { InvalidArgumentError, type Command } from "commander";
import { peepsContract } from "../contract.ts";
import { watchChatDb, type ChatPlace } from "../imessage/watch-chat-db.ts";
import { sendMessages } from "./send-messages.ts";

export function addWatchCommand(peeps: Command, cli: ServiceCli): void {
  const { terminal, clock } = cli;
  peeps
    .command("watch")
    .summary("take messages as they come")
    .description(
      "Hands messages over as they come, until it is stopped; it goes on where it was. Reads Messages' chat.db and writes nothing to it. On a Mac the program that runs this needs Full Disk Access.",
    )
    .argument("<source>", "imessage", (source) => {
      if (source !== "imessage") throw new InvalidArgumentError("imessage is the only source that can be watched");
      return source;
    })
    .option("--db <path>", "of chat.db", join(homedir(), "Library/Messages/chat.db"))
    .option("--name <name>", "of this watch: one for each chat.db", hostname())
    .option("--once", "read what there is, and end")
    .action(async (_source: string, { db, name, once }: { db: string; name: string; once?: true }) => {
      const client = await cli.connect(peepsContract);
      const { watch } = await client.readWatch({ source: "imessage", name });
      const stop = new AbortController();
      const onSignal = () => stop.abort();
      process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
      let taken = 0;
      try {
        await watchChatDb({
          path: db,
          place: watch === null ? undefined : placeOf(watch.place),
          clock,
          signal: stop.signal,
          async take(items, place, lagRows) {
            const messages = await sendMessages(cli, items);
            const last = items.findLast((item) => "message" in item)?.message.sentAt;
            const lagMs = lagRows === 0 || last === undefined ? 0 : Math.max(0, clock.nowMs() - Date.parse(last));
            // After what it led to: at worst a batch is handed over once more, and taken once.
            await client.receiveMessages({
              watch: { source: "imessage", name, place: { ...place }, lagMs },
            });
            taken += messages.added + messages.changed;
            if (messages.added + messages.changed > 0) terminal.note(`${taken} messages, up to row ${place.row}`);
            if (once === true && lagRows === 0 && items.length === 0) stop.abort();
          },
        });
      } finally {
        process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
      }
      if (terminal.isJson) terminal.json({ taken });
    });
}

/** Undefined: it is not a place; then everything is read again, and taken once. */
function placeOf({ inode, row, changedMs, waiting }: JsonObject | Record<string, unknown>): ChatPlace | undefined {
  if (typeof inode !== "number" || typeof row !== "number" || typeof changedMs !== "number") return undefined;
  return {
    inode,
    row,
    changedMs,
    waiting: Array.isArray(waiting) ? waiting.filter((one) => typeof one === "number") : [],
  };
}
