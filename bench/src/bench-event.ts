/** The event that appends are measured with: its schema is checked like any other's. */
export const benchEvent = {
  type: "bench.happened",
  version: 1,
  topic: "bench",
  compatibility: "none" as const,
  schema: {
    type: "object",
    properties: { n: { type: "integer" }, text: { type: "string" } },
    required: ["n", "text"],
    additionalProperties: false,
  },
};
