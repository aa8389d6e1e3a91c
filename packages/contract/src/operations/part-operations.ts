/** Parts of messages and results: upload one, fetch one, link to one. */
import { z } from "zod";
import { content } from "../content.ts";
import { defineOperation } from "../define-operation.ts";
import { partLimits } from "../part.ts";
import { Name } from "../records/fields.ts";
import { Sha256 } from "../records/file.ts";
import { Part } from "../records/part.ts";

export const uploadPart = defineOperation({
  id: "uploadPart",
  method: "POST",
  path: "/parts",
  summary: "Keeps a file, so that a message can name it",
  description:
    "Its media type is recognised from its bytes; Content-Type and name help where they say nothing. What no message names within a day is removed.",
  input: z.object({
    name: Name.optional().describe("Of the file"),
    content: content(["*/*"], { bytesMax: partLimits.bytesMax, isStreamed: true }),
  }),
  output: z.object({ part: Part }),
  effect: "idempotent",
});

export const getPart = defineOperation({
  id: "getPart",
  method: "GET",
  path: "/parts/{sha256}",
  summary: "The bytes of a part, or a range of them",
  input: z.object({ sha256: Sha256, name: Name.optional().describe("What a browser that saves it calls it") }),
  output: content(["*/*"], { bytesMax: partLimits.bytesMax }),
  errors: ["not_found"],
  effect: "readonly",
  // An agent is given what its run may know, and the run is marked with it.
  access: { audience: ["owner", "device", "client", "agent", "script", "host"] },
});

export const linkPart = defineOperation({
  id: "linkPart",
  method: "GET",
  path: "/parts/{sha256}/link",
  summary: "A temporary URL of a part, for anyone who has it",
  description:
    "Only where parts are kept in a bucket (OBJECTS_URL): anyone with the URL can download the file from its server. Elsewhere url is null.",
  input: z.object({
    sha256: Sha256,
    seconds: z.coerce.number().int().min(1).max(3_600).default(300).describe("For how long"),
  }),
  output: z.object({ url: z.string().nullable() }),
  errors: ["not_found"],
  effect: "readonly",
  // Not for agents: what is fetched by it would not mark them.
  access: { audience: ["owner", "device", "client", "script", "host"] },
});

export const partOperations = [uploadPart, getPart, linkPart] as const;
