/** A small service for this package's tests: three operations, one stream, and ways to break it. */
import { once } from "node:events";
import { RoostError } from "@roost/base";
import { z } from "zod";
import { defineOperation, type AnyOperation } from "../define-operation.ts";
import { defineService, type ServiceContract } from "../define-service.ts";
import type { Call, Handlers, StreamItem } from "../handlers.ts";
import type { Principal } from "../principal.ts";

const Person = z
  .object({ id: z.string(), name: z.string(), tags: z.array(z.string()), note: z.string().nullable().default(null) })
  .meta({ id: "Person" });

export const getPerson = defineOperation({
  id: "getPerson",
  method: "GET",
  path: "/people/{personId}",
  summary: "One person",
  input: z.object({ personId: z.string().max(64) }),
  output: Person,
  errors: ["not_found"],
  effect: "readonly",
});

export const listPeople = defineOperation({
  id: "listPeople",
  method: "GET",
  path: "/people",
  summary: "People, a page at a time",
  input: z.object({
    limit: z.number().int().min(1).max(500).optional(),
    after: z.string().optional(),
    tags: z.array(z.string()).optional(),
    active: z.boolean().optional(),
  }),
  output: z.object({ people: z.array(Person), asked: z.record(z.string(), z.unknown()) }),
  effect: "readonly",
});

export const addPerson = defineOperation({
  id: "addPerson",
  method: "POST",
  path: "/people",
  summary: "Adds a person",
  input: z.object({
    name: z.string().min(1),
    tags: z.array(z.string()).default([]),
    home: z.object({ city: z.string() }).optional(),
  }),
  output: Person,
  errors: ["conflict"],
  effect: "unsafe",
});

export const waitForever = defineOperation({
  id: "waitForever",
  method: "POST",
  path: "/wait",
  summary: "Never answers and does not mind its signal",
  input: z.object({}),
  output: z.object({}),
  effect: "unsafe",
});

export const watchPeople = defineOperation({
  id: "watchPeople",
  method: "GET",
  path: "/people/watch",
  summary: "What is said",
  input: z.object({ after: z.string().optional(), room: z.string().optional() }),
  output: z.object({ text: z.string() }),
  errors: ["not_found"],
  effect: "readonly",
  stream: true,
});

export const people = defineService({
  name: "people",
  title: "People",
  operations: [getPerson, listPeople, addPerson, waitForever, watchPeople],
});

/** A contract of these operations only. */
export function contractOf<const Ops extends readonly AnyOperation[]>(operations: Ops): ServiceContract<Ops> {
  return defineService({ name: "test", title: "Test", operations });
}

export const owner: Principal = { id: "person:test", kind: "owner", scopes: ["*"] };
export const principalOf = () => owner;

export type People = ReturnType<typeof createPeople>;

export function createPeople() {
  const stored = new Map<string, z.input<typeof Person> & { secret: string }>();
  const calls: Call[] = [];
  const said: string[] = [];
  const changes = new EventTarget();
  let isOver = false;
  let isFailing = false;
  let isBroken = false;
  let closedCount = 0;
  const change = () => changes.dispatchEvent(new Event("change"));
  const until = async (test: () => boolean) => {
    while (!test()) await once(changes, "change");
  };

  async function* listen(after: number, call: Call): AsyncGenerator<StreamItem<{ text: string }>> {
    call.signal.addEventListener("abort", change, { once: true });
    try {
      for (let index = after; !call.signal.aborted; index += 1) {
        await until(() => call.signal.aborted || index < said.length || isOver || isFailing);
        if (call.signal.aborted) return;
        if (index < said.length)
          yield {
            id: String(index + 1),
            event: "said",
            data: isBroken ? ({} as never) : { text: said[index] as string },
          };
        else if (isFailing) throw new RoostError("conflict", "it broke");
        else return;
      }
    } finally {
      closedCount += 1;
      change();
    }
  }

  const handlers: Handlers<typeof people.operations> = {
    getPerson: ({ personId }, call) => {
      calls.push(call);
      if (isBroken) return { id: personId } as never;
      const person = stored.get(personId);
      if (person === undefined)
        throw new RoostError("not_found", `there is no person ${personId}`, { details: { personId } });
      return person;
    },
    listPeople: (asked, call) => {
      calls.push(call);
      return { people: [...stored.values()], asked };
    },
    addPerson: ({ name, tags }, call) => {
      calls.push(call);
      const person = { id: `p${stored.size + 1}`, name, tags, secret: "s3cret" };
      stored.set(person.id, person);
      return person;
    },
    waitForever: (_input, call) => {
      call.signal.addEventListener("abort", change, { once: true });
      calls.push(call);
      change();
      return new Promise(() => {});
    },
    watchPeople: async ({ after, room }, call) => {
      if (room === "none") throw new RoostError("not_found", `there is no room ${room}`);
      calls.push(call);
      return listen(Number(after ?? 0), call);
    },
  };

  return {
    handlers,
    calls,
    say(text: string) {
      said.push(text);
      change();
    },
    hangUp() {
      isOver = true;
      change();
    },
    fail() {
      isFailing = true;
      change();
    },
    breakAnswers() {
      isBroken = true;
    },
    /** Resolves when this many streams of the handler were returned. */
    closed: (count: number) => until(() => closedCount >= count),
    waiting: async () => {
      await until(() => calls.length > 0);
      return calls.at(-1) as Call;
    },
    aborted: (call: Call) => until(() => call.signal.aborted),
  };
}
