/**
 * Records that could not take effect, in a topic of Kafka with the reason: whole, also when they cannot be read. The database keeps where each
 * stands, so that `roost log dead` lists them and `roost log retry` brings them back.
 */
import { isJsonObject, RoostError, toRoostError, type JsonObject } from "@roost/base";
import { clipText } from "@roost/contract/operations";
import { parkForeignEvent, type KernelTransaction } from "@roost/kernel";
import { isOutOfRange } from "../client/ask-brokers.ts";
import type { ReceivedRecord } from "../client/fetch-records.ts";
import type { Kafka } from "../client/open-kafka.ts";

export interface DeadLetters {
  /** Sends it to the topic, outside of any transaction; sent twice it is there twice, and listed once. */
  send(record: ReceivedRecord, error: unknown): Promise<SentLetter>;
  /** In the transaction that passes it over. */
  park(tx: KernelTransaction, letter: SentLetter): Promise<void>;
  /** The record that a letter tells of. @throws RoostError `not_found` when Kafka does not keep it any more */
  read(event: JsonObject): Promise<ReceivedRecord>;
}

export interface SentLetter {
  record: ReceivedRecord;
  error: unknown;
  /** Where it can be read again. */
  kept: { topic: string; partition: number; offset: number };
}

const sendMsMax = 10_000;
const reasonCharsMax = 2_000;
/** Of what a list shows; all of it is in Kafka. */
const nameCharsMax = 200;

export function createDeadLetters(kafka: Kafka, { group, topic }: { group: string; topic: string }): DeadLetters {
  return {
    async send(record, error) {
      const { message, code } = toRoostError(error);
      const reasons = {
        roost_dead_reason: `${code}: ${message}`.slice(0, reasonCharsMax),
        roost_dead_group: group,
        roost_dead_topic: record.topic,
        roost_dead_partition: String(record.partition),
        roost_dead_offset: String(record.offset),
      };
      const { key, value } = record;
      const place = { topic, partition: 0 };
      const headers = { ...Object.fromEntries(record.headers), ...reasons };
      try {
        const offset = await kafka.send(place, [{ key, value, headers }], { deadlineMs: sendMsMax });
        return { record, error, kept: { ...place, offset } };
      } catch (refused) {
        if (toRoostError(refused).code !== "limit_exceeded") throw refused;
        // With the reason it is larger than Kafka takes: the place in its own topic has to do.
        await kafka.send(place, [{ key: null, value: null, headers: reasons }], { deadlineMs: sendMsMax });
        return { record, error, kept: { topic: record.topic, partition: record.partition, offset: record.offset } };
      }
    },
    async park(tx, { record, error, kept }) {
      const { topic: of, partition, offset, headers } = record;
      const shown = (name: string) => clipText(headers.get(name) ?? "", nameCharsMax) || null;
      const letter = { group, key: `${of}/${partition}/${offset}`, topic: of, partition, offset };
      await parkForeignEvent(tx, { ...letter, event: { id: shown("ce_id"), type: shown("ce_type"), kept } }, error);
    },
    async read({ kept }) {
      if (!isJsonObject(kept)) throw new RoostError("internal", "the letter does not say where its record is kept");
      const from = {
        topic: String(kept["topic"]),
        partition: Number(kept["partition"]),
        offset: Number(kept["offset"]),
      };
      const [fetched] = await kafka.fetch([from]).catch((error: unknown) => {
        if (isOutOfRange(error)) return [];
        throw error;
      });
      const record = fetched?.records.find(({ offset }) => offset === from.offset);
      if (record === undefined)
        throw new RoostError(
          "not_found",
          `Kafka does not keep ${from.topic}/${from.partition} offset ${from.offset} any more: drop the letter`,
        );
      return record;
    },
  };
}
