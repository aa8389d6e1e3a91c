/** Projections: which there are, and building one again from the log. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { pageFields, pageOf } from "../records/fields.ts";
import { Projection, ProjectionName, ReplayStep } from "../records/projection.ts";

export const listProjections = defineOperation({
  id: "listProjections",
  method: "GET",
  path: "/projections",
  summary: "Projections of the log, and how they last compared with it",
  input: z.object({ ...pageFields }),
  output: pageOf(Projection),
  effect: "readonly",
});

export const replayProjection = defineOperation({
  id: "replayProjection",
  method: "POST",
  path: "/projections/{projection}/replay",
  summary: "Build a projection again from the log, beside the live one, and switch or only compare",
  description:
    "It works for some seconds and answers how far it is; call it again while the state is building. What it did is kept, so it goes on where it was, also after a crash.",
  input: z.object({
    projection: ProjectionName,
    check: z.boolean().default(false).describe("Compare only; the live one stays as it is"),
  }),
  output: ReplayStep,
  errors: ["not_found", "conflict", "timeout"],
  effect: "idempotent",
});

export const projectionOperations = [listProjections, replayProjection] as const;
