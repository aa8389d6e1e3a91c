/** Webhooks that come in: list, add, rotate, remove. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { pageFields, pageOf, WholeMs } from "../records/fields.ts";
import { Hook, HookForm, HookName } from "../records/hook.ts";
import { SecretReference } from "../records/third-party.ts";

const name = z.string().min(1).max(100);
const key = z.string().max(200).describe("What the sender signs with, told once");
const owner = { audience: ["owner"] } as const;
const people = { audience: ["owner", "device"] } as const;
/** As long as it takes to change the key at the sender. */
const overlapMsDefault = 86_400_000;

export const listHooks = defineOperation({
  id: "listHooks",
  method: "GET",
  path: "/hooks",
  summary: "Webhooks that come in, by name",
  input: z.object({ ...pageFields }),
  output: pageOf(Hook),
  effect: "readonly",
  access: people,
});

export const addHook = defineOperation({
  id: "addHook",
  method: "POST",
  path: "/hooks",
  summary: "Lets another program tell of events by webhook; its key is told once",
  input: z.object({
    name: HookName,
    form: HookForm.default("standard"),
    keyRef: SecretReference.optional().describe("Where the key is kept. Default: one is made"),
  }),
  output: z.object({ hook: Hook, key: key.nullable().describe("Null: it is kept at keyRef") }),
  errors: ["conflict", "limit_exceeded"],
  effect: "queryable",
  needs: "home",
  query: listHooks,
  answersSecret: true,
  access: owner,
  examples: [{ summary: "GitHub", input: { name: "github", form: "github" } }],
});

export const rotateHook = defineOperation({
  id: "rotateHook",
  method: "POST",
  path: "/hooks/{name}/rotate",
  summary: "Makes a new key for a hook, told once; the one before counts for a while",
  input: z.object({
    name,
    overlapMs: WholeMs.max(30 * 86_400_000)
      .default(overlapMsDefault)
      .describe("How long the key before counts"),
  }),
  output: z.object({ hook: Hook, key }),
  errors: ["not_found", "conflict"],
  effect: "queryable",
  needs: "home",
  query: listHooks,
  answersSecret: true,
  access: owner,
});

export const removeHook = defineOperation({
  id: "removeHook",
  method: "DELETE",
  path: "/hooks/{name}",
  summary: "Removes a hook: what is sent to it is refused from now on",
  input: z.object({ name }),
  output: z.object({ hook: Hook }),
  errors: ["not_found"],
  effect: "idempotent",
  needs: "home",
  access: people,
});

export const hookOperations = [listHooks, addHook, rotateHook, removeHook] as const;
