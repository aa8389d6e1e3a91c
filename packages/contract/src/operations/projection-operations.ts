/** Projections: list, and rebuild from the log. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { pageFields, pageOf } from "../records/fields.ts";
import { Projection, ProjectionName, ReplayStep } from "../records/projection.ts";

export const listProjections = defineOperation({
  id: "listProjections",
  method: "GET",
  path: "/projections",
  summary: "Projections of the log and the result of their last comparison",
  input: z.object({ ...pageFields }),
  output: pageOf(Projection),
  effect: "readonly",
});

export const replayProjection = defineOperation({
  id: "replayProjection",
  method: "POST",
  path: "/projections/{projection}/replay",
  summary: "Rebuilds a projection from the log beside the live one, and replaces or only compares it",
  description:
    "Works for a few seconds and returns its progress; call again while the state is building. Progress is kept, also after a crash.",
  input: z.object({
    projection: ProjectionName,
    check: z.boolean().default(false).describe("Only compare; the live one is unchanged"),
  }),
  output: ReplayStep,
  errors: ["not_found", "conflict", "timeout"],
  effect: "idempotent",
  needs: "home",
});

export const projectionOperations = [listProjections, replayProjection] as const;
