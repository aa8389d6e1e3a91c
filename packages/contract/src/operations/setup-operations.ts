/** Setting a home up: its models, its settings, who it is for, and jobs to begin with. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { pageFields, pageOf, Slug } from "../records/fields.ts";
import { ConfiguredModel, ExampleJob, LocalServer, NewModel, Profile } from "../records/profile.ts";
import { ModelCheck } from "../records/status.ts";

const change = { scope: "settings:write", audience: ["owner"] } as const;
const read = { scope: "settings:read", audience: ["owner", "device"] } as const;

export const listModels = defineOperation({
  id: "listModels",
  method: "GET",
  path: "/models",
  summary: "Models that roost.yaml names, in their order",
  description: "Without any, the environment or this machine is looked at: getStatus says what was found.",
  input: z.object({ ...pageFields }),
  output: pageOf(ConfiguredModel),
  effect: "readonly",
  access: read,
});

export const findLocalModels = defineOperation({
  id: "findLocalModels",
  method: "POST",
  path: "/models/local",
  summary: "Model servers that run on this machine: Ollama, llama.cpp and LM Studio on their own ports",
  input: z.object({}),
  output: z.object({ servers: z.array(LocalServer) }),
  effect: "readonly",
  needs: "home",
  access: change,
});

export const tryModel = defineOperation({
  id: "tryModel",
  method: "POST",
  path: "/models/try",
  summary: "Asks a model for one token before it is added; keeps nothing",
  description: "Within the caps, as every call of a model. Takes up to a minute.",
  input: NewModel,
  output: z.object({ check: ModelCheck }),
  effect: "idempotent",
  needs: "home",
  answersSecret: true,
  access: change,
});

export const addModel = defineOperation({
  id: "addModel",
  method: "POST",
  path: "/models",
  summary: "Adds a model to roost.yaml, before the others; its key is kept in a file of the home",
  description: "It counts from the next start on: applySettings.",
  input: NewModel.extend({ id: Slug.optional().describe("Default: made from its server's name") }),
  output: z.object({ model: ConfiguredModel }),
  errors: ["conflict", "limit_exceeded"],
  effect: "queryable",
  needs: "home",
  query: listModels,
  answersSecret: true,
  access: change,
});

export const removeModel = defineOperation({
  id: "removeModel",
  method: "DELETE",
  path: "/models/{id}",
  summary: "Takes a model out of roost.yaml, and removes a key that was kept for it",
  input: z.object({ id: Slug }),
  output: z.object({ model: ConfiguredModel }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  needs: "home",
  access: change,
});

export const applySettings = defineOperation({
  id: "applySettings",
  method: "POST",
  path: "/settings/apply",
  summary: "Starts the processes of this machine anew, so that the settings as they are written count",
  description: "Runs go on where they were. Streams end and are resumed.",
  input: z.object({}),
  output: z.object({
    isRestarting: z.boolean().describe("False: this gateway was started alone, and is restarted by who started it"),
  }),
  errors: ["conflict"],
  effect: "idempotent",
  needs: "home",
  access: change,
});

export const getProfile = defineOperation({
  id: "getProfile",
  method: "GET",
  path: "/profile",
  summary: "The names of the person and of the agent",
  input: z.object({}),
  output: Profile,
  effect: "readonly",
  access: read,
});

export const setProfile = defineOperation({
  id: "setProfile",
  method: "PUT",
  path: "/profile",
  summary: "Writes the names of the person and of the agent into USER.md and SOUL.md",
  input: z.object({
    name: Profile.shape.name.unwrap().optional(),
    agentName: Profile.shape.agentName.unwrap().optional(),
  }),
  output: Profile,
  errors: ["conflict"],
  effect: "idempotent",
  access: change,
});

export const listExampleJobs = defineOperation({
  id: "listExampleJobs",
  method: "GET",
  path: "/example-jobs",
  summary: "Jobs to begin with, and what a day of each may cost; none of them is on by itself",
  input: z.object({ ...pageFields }),
  output: pageOf(ExampleJob),
  effect: "readonly",
  access: read,
});

export const setupOperations = [
  listModels,
  findLocalModels,
  tryModel,
  addModel,
  removeModel,
  applySettings,
  getProfile,
  setProfile,
  listExampleJobs,
] as const;
