/** A small domain for the tests: plants that are added and watered. */
import { defineEvent, defineOperation, defineService, ref } from "@roost/contract";
import { pageFields, pageOf } from "@roost/contract/operations";
import { z } from "zod";

export const Plant = z
  .object({ id: ref("Plant"), name: z.string().max(100), revision: z.number() })
  .meta({ id: "Plant" });

export const plantAdded = defineEvent({
  type: "plant.added",
  version: 1,
  topic: "garden",
  subject: "plant id",
  schema: z.object({ plantId: z.string(), name: z.string().max(100) }),
  digest: "{name} was planted",
});

export const plantWatered = defineEvent({
  type: "plant.watered",
  version: 1,
  topic: "garden",
  subject: "plant id",
  schema: z.object({ plantId: z.string(), by: z.string() }),
});

export const addPlant = defineOperation({
  id: "addPlant",
  method: "POST",
  path: "/plants",
  summary: "Adds a plant",
  input: z.object({ name: z.string().min(1).max(100) }),
  output: z.object({ plant: Plant }),
  effect: "unsafe",
  examples: [{ summary: "A rose", input: { name: "Rose" } }],
});

export const listPlants = defineOperation({
  id: "listPlants",
  method: "GET",
  path: "/plants",
  summary: "Plants by name",
  input: z.object({ ...pageFields }),
  output: pageOf(Plant),
  effect: "readonly",
});

export const waterPlant = defineOperation({
  id: "waterPlant",
  method: "POST",
  path: "/plants/{plantId}/water",
  summary: "Waters a plant",
  input: z.object({ plantId: ref("Plant") }),
  output: z.object({ by: z.string() }),
  errors: ["not_found"],
  effect: "unsafe",
});

export const countWaterings = defineOperation({
  id: "countWaterings",
  method: "GET",
  path: "/plants/{plantId}/waterings",
  summary: "How often a plant was watered",
  input: z.object({ plantId: ref("Plant") }),
  output: z.object({ count: z.number() }),
  effect: "readonly",
});

export const gardenContract = defineService({
  name: "garden",
  title: "Garden",
  operations: [addPlant, listPlants, waterPlant, countWaterings],
  events: [plantAdded, plantWatered],
  vocabulary: { plant: "Something that grows and is watered" },
});
