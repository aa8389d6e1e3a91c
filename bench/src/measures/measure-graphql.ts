/**
 * What GraphQL costs: composing the schema of many services, and one field of one operation over the same operation by REST, at one client,
 * by turns.
 */
import { createOpenApi, defineOperation, defineService, ref, type OpenApiDocument } from "@roost/contract";
import { pageFields, pageOf } from "@roost/contract/operations";
import { roostContract } from "@roost/contract/roost";
import type { ServiceSource } from "@roost/graphql";
import { composeSchema } from "@roost/graphql/compose-schema";
import { z } from "zod";
import { readProcessorMs } from "../living-home/home-processes.ts";
import { startQuietHome } from "../living-home/start-home.ts";
import { formatMs, timed, type Measure } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { statistics } from "../statistics.ts";

const aimComposeMsMax = 150;
const aimAddedMsMax = 0.7;
const serviceCount = 20;
const recordsPerService = 5;
/** Long enough for the processor's clock, which counts in hundredths of a second. */
const perTurn = 100;
/** Until V8 has seen the code often enough. */
const warmUpsMax = 500;

export const measureGraphql: Measure = async ({ isQuick, onProgress }) => {
  onProgress(`the schema of ${serviceCount} services, and one field by GraphQL and by REST`);
  const sources = [sourceOf("roost", createOpenApi(roostContract, { version: "1" }), true), ...makeServices()];
  const firstMs = timedNow(() => composeSchema(sources));
  const ownMs = () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000;
  const worked: number[] = [];
  const composeOnce = () => {
    const beforeMs = ownMs();
    const tookMs = timedNow(() => composeSchema(sources));
    worked.push(ownMs() - beforeMs);
    return tookMs;
  };
  const composed = statistics(Array.from({ length: isQuick ? 1 : 20 }, composeOnce));
  const { rest, graphql, work } = await askBoth(isQuick);
  const added = graphql.p50 - rest.p50;
  return [
    {
      name: `composing the schema of ${serviceCount} services and of Roost's own API, p50`,
      value: formatMs(composed.p50),
      details: `at most ${formatMs(composed.max)} of ${composed.count}, the first in a new process ${formatMs(firstMs)}; p50 ${formatMs(statistics(worked).p50)} of the processor; ${recordsPerService * 3} operations a service`,
      aim: `≤ ${aimComposeMsMax} ms`,
      isMet: composed.p50 <= aimComposeMsMax,
    },
    {
      name: "one field by GraphQL over the same operation by REST, one client, p50",
      value: `${added.toFixed(2)} ms`,
      details: `GraphQL ${graphql.p50.toFixed(2)} ms (p99 ${graphql.p99.toFixed(2)}), REST ${rest.p50.toFixed(2)} ms (p99 ${rest.p99.toFixed(2)}); ${rest.count} each, by turns; the gateway works ${(work.graphql / graphql.count).toFixed(2)} against ${(work.rest / rest.count).toFixed(2)} ms`,
      aim: `≤ ${aimAddedMsMax} ms`,
      isMet: added <= aimAddedMsMax,
    },
  ];
};

async function askBoth(isQuick: boolean) {
  await using opened = await openDurableDatabase();
  await using home = await startQuietHome(opened.url);
  const { url } = home.gateway.ready as { url: string };
  const headers = { authorization: `Bearer ${home.token}`, "content-type": "application/json" };
  const body = JSON.stringify({ query: "{ listQueues { next } }" });
  const [warmUps, count] = isQuick ? [1, 5] : [warmUpsMax, 2_000];
  const asks = {
    rest: () => read(`${url}/api/v1/queues`, { headers }, "items"),
    graphql: () => read(`${url}/graphql`, { method: "POST", headers, body }, "data"),
  };
  for (let round = 0; round < warmUps; round += 1) for (const ask of Object.values(asks)) await ask();
  const times = { rest: [] as number[], graphql: [] as number[] };
  const work = { rest: 0, graphql: 0 };
  for (let round = 0; round < count; round += perTurn)
    for (const kind of ["rest", "graphql"] as const) {
      const beforeMs = await readProcessorMs(home.gateway.pid);
      for (let at = 0; at < Math.min(perTurn, count); at += 1) times[kind].push(await timed(asks[kind]));
      work[kind] += (await readProcessorMs(home.gateway.pid)) - beforeMs;
    }
  return { rest: statistics(times.rest), graphql: statistics(times.graphql), work };
}

async function read(url: string, init: RequestInit, field: string): Promise<void> {
  const response = await fetch(url, init);
  const answer = (await response.json()) as Record<string, unknown>;
  if (answer[field] === undefined) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(answer)}`);
}

function makeServices(): ServiceSource[] {
  return Array.from({ length: serviceCount }, (_, index) => {
    const name = `service-${index}`;
    const contract = defineService({ name, title: name, operations: makeOperations() });
    return sourceOf(name, createOpenApi(contract, { version: "1" }), false);
  });
}

function sourceOf(name: string, document: OpenApiDocument, isOwn: boolean): ServiceSource {
  return { name, title: name, document, isOwn };
}

/** A list, one, and a change of each record: what a domain has. */
function makeOperations() {
  return Array.from({ length: recordsPerService }, (_, index) => {
    const name = `Record${index}`;
    const id = ref(name);
    const Record = z
      .object({
        id,
        title: z.string(),
        note: z.string().nullable(),
        state: z.enum(["open", "closed", "waiting"]),
        createdAt: z.iso.datetime(),
        tags: z.array(z.string()),
        place: z.discriminatedUnion("kind", [
          z.object({ kind: z.literal("here"), room: z.string() }),
          z.object({ kind: z.literal("there"), address: z.object({ street: z.string(), city: z.string() }) }),
        ]),
        otherId: ref(`Record${(index + 1) % recordsPerService}`).nullable(),
      })
      .meta({ id: name });
    const path = `/records-${index}` as const;
    const summary = `About ${name}`;
    return [
      defineOperation({
        id: `list${name}`,
        method: "GET",
        path,
        summary,
        input: z.object({ ...pageFields, ids: z.array(id).max(100).optional() }),
        output: pageOf(Record),
        effect: "readonly",
      }),
      defineOperation({
        id: `get${name}`,
        method: "GET",
        path: `${path}/{id}`,
        summary,
        input: z.object({ id }),
        output: z.object({ record: Record }),
        effect: "readonly",
      }),
      defineOperation({
        id: `change${name}`,
        method: "POST",
        path: `${path}/{id}`,
        summary,
        input: z.object({ id, title: z.string().optional(), note: z.string().nullable().optional() }),
        output: z.object({ record: Record }),
        effect: "idempotent",
      }),
    ];
  }).flat();
}

function timedNow(work: () => unknown): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}
