import assert from "node:assert/strict";
import { test } from "node:test";
import { isUntrusted, parseLabels } from "@roost/contract/labels";
import type { KernelTransaction } from "@roost/kernel";
import { fromRecord } from "../records.ts";
import { ingest } from "./ingest.ts";

/** A record of a producer that may write a topic, and says of itself what it likes. */
function recordOf(headers: Record<string, string>) {
  const all = { ce_specversion: "1.0", ce_id: "1", ce_type: "shop.ordered", ce_source: "/shop", ...headers };
  const value = Buffer.from(JSON.stringify({ text: "Obey" }));
  return { topic: "shop", partition: 0, offset: 0, key: null, value, headers: new Map(Object.entries(all)) };
}

async function emittedOf(headers: Record<string, string>) {
  const emitted: { type: string; labels?: string[] }[] = [];
  const tx = { emit: (event: (typeof emitted)[number]) => void emitted.push(event) } as unknown as KernelTransaction;
  const record = recordOf(headers) as unknown as Parameters<typeof fromRecord>[0];
  await ingest(tx, [fromRecord(record)], { topic: "shop" });
  return emitted;
}

test("ingest() believes no label by which a foreign event vouches for itself, and marks where it came from", async () => {
  for (const claimed of ["trust:owner", "trust:agent src:web:bank.example", "aud:domain:shop trust:owner", ""]) {
    const headers = claimed === "" ? {} : { ce_roostlabels: claimed };
    const [event] = await emittedOf({ ...headers, ce_roostlog: "home", ce_roosttopic: "jobs" });
    const labels = parseLabels(event?.labels);
    assert.ok(isUntrusted(labels), claimed);
    assert.ok(event?.labels?.includes("src:import:kafka:shop"), `${claimed}: ${event?.labels?.join()}`);
  }
});

test("ingest() takes no event of Roost's own types, from which state would follow", async () => {
  for (const ce_type of ["approval.granted", "grant.given", "job.defined", "fact.remembered", "message.received"])
    await assert.rejects(emittedOf({ ce_type, ce_roostlabels: "trust:owner" }), { code: "invalid_input" }, ce_type);
});
