export type { Attributes } from "@opentelemetry/api";
export { attributes, genAiOperations } from "./attributes.ts";
export { openTelemetry, type SpanOptions, type Telemetry, type TelemetryOptions } from "./telemetry.ts";
export { parseTraceparent, traceparentOf, traceparentOfChain } from "./traceparent.ts";
