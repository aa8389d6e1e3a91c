/** Public file `@roost/contract/schemas`: event types and JSON Schema, without routes and clients. */
export { checkCompatibility, type CompatibilityResult } from "./check-compatibility.ts";
export { createValidator } from "./create-validator.ts";
export {
  compatibilityModes,
  defineEvent,
  type CompatibilityMode,
  type EventDataOf,
  type EventDefinition,
  type EventOptions,
} from "./define-event.ts";
export { listComplaints } from "./list-issues.ts";
export { toJsonSchema, type JsonSchema, type JsonSchemaOptions } from "./to-json-schema.ts";
