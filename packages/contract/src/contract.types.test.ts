/** What must not compile: each line below an expectation is an error, or the type check fails. Nothing here runs. */
import { silentLogger } from "@roost/base";
import { z } from "zod";
import { createHttpClient } from "./create-http-client.ts";
import { createLocalClient } from "./create-local-client.ts";
import { createRoutes } from "./create-routes.ts";
import { defineEvent, type EventDataOf } from "./define-event.ts";
import { defineOperation } from "./define-operation.ts";
import { defineService } from "./define-service.ts";
import type { Client } from "./client.ts";
import type { Handlers } from "./handlers.ts";
import { serve, serveAll } from "./serve.ts";
import type { RoostEventData } from "./events/roost-events.ts";

const getThing = defineOperation({
  id: "getThing",
  method: "GET",
  path: "/things/{thingId}",
  summary: "A thing",
  input: z.object({ thingId: z.string(), deep: z.boolean().default(false) }),
  output: z.object({ name: z.string(), size: z.number().default(0) }),
  effect: "readonly",
});
const watchThings = defineOperation({
  id: "watchThings",
  method: "GET",
  path: "/things",
  summary: "Things",
  input: z.object({ after: z.string().optional() }),
  output: z.object({ name: z.string() }),
  effect: "readonly",
  stream: true,
});
const operations = [getThing, watchThings] as const;
const things = defineService({ name: "things", title: "Things", operations });
const caller = { principal: { id: "person:test", kind: "owner" as const, scopes: ["*"] } };
const routing = { logger: silentLogger, principalOf: () => caller.principal };

async function* someThings() {
  yield { id: "1", data: { name: "x" } };
}

async function* wrongThings() {
  yield { id: "1", data: { nme: "x" } };
}

const handlers: Handlers<typeof operations> = {
  getThing: ({ thingId, deep }) => ({ name: `${thingId.length} ${deep === true}` }),
  watchThings: () => someThings(),
};

export function handlersAreChecked(): void {
  createRoutes(serveAll(things, handlers), routing);
  // @ts-expect-error a handler is missing
  createRoutes(serveAll(things, { getThing: handlers.getThing }), routing);
  serve(getThing, ({ thingId }, { principal }) => ({ name: thingId + principal.id }));
  // @ts-expect-error the name must be a string
  serve(getThing, () => ({ name: 5 }));
  // @ts-expect-error the input has no field of that name
  serve(getThing, ({ nope }) => ({ name: nope }));
  // @ts-expect-error the name must be a string
  createLocalClient(things, { ...handlers, getThing: () => ({ name: 5 }) }, caller);
  // @ts-expect-error a required field is missing
  createLocalClient(things, { ...handlers, getThing: async () => ({ size: 5 }) }, caller);
  // @ts-expect-error the input has no field of that name
  createLocalClient(things, { ...handlers, getThing: ({ nope }) => ({ name: nope }) }, caller);
  // @ts-expect-error a stream's handler returns an iterable
  createLocalClient(things, { ...handlers, watchThings: () => ({ name: "x" }) }, caller);
  // @ts-expect-error items must be of the output's type
  createLocalClient(things, { ...handlers, watchThings: () => wrongThings() }, caller);
}

export async function callsAreChecked(): Promise<void> {
  const local = createLocalClient(things, handlers, caller);
  const remote: Client<typeof operations> = createHttpClient(things, { baseUrl: "http://127.0.0.1" });
  const same: typeof remote = local;
  const thing = await same.getThing({ thingId: "x" });
  const size: number = thing.size;
  // @ts-expect-error the size is a number
  const wrong: string = thing.size;
  // @ts-expect-error the result has no field of that name
  void thing.nope;
  // @ts-expect-error the id is missing
  await same.getThing({});
  // @ts-expect-error an input is needed
  await same.getThing();
  // @ts-expect-error the id must be a string
  await same.getThing({ thingId: 5 });
  // @ts-expect-error unknown fields are refused
  await same.getThing({ thingId: "x", nope: 1 });
  // @ts-expect-error there is no such operation
  await same.getNothing();
  for await (const item of same.watchThings()) void item.data.name;
  // @ts-expect-error a stream is not a promise
  void same.watchThings().then;
  void [size, wrong];
}

export function operationsAreChecked(): void {
  defineOperation({
    id: "x",
    method: "GET",
    path: "/x",
    summary: "X",
    input: z.object({}),
    output: z.object({}),
    // @ts-expect-error there is no such effect
    effect: "harmless",
  });
}

const moved = defineEvent({
  type: "thing.moved",
  version: 1,
  topic: "things",
  schema: z.object({ thingId: z.string(), far: z.number().optional() }),
});

export function eventsAreChecked(): void {
  const event: EventDataOf<typeof moved> = { thingId: "x", far: undefined };
  // @ts-expect-error the id is missing
  const wrong: EventDataOf<typeof moved> = { far: 1 };
  // @ts-expect-error there is no such event type
  const nothing: RoostEventData<"run.vanished">[] = [];
  const started: RoostEventData<"run.started"> = { runId: "r", workerId: "w", epoch: 1, attempt: 1 };
  void [event, wrong, started, nothing];
}
