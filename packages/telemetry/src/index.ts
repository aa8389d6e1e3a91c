export { attributes, genAiOperations } from "./attributes.ts";
export { openTelemetry, type TelemetryOptions } from "./open-telemetry.ts";
export type { Attributes, AttributeValue, SpanHandle, SpanKind, SpanOptions, Telemetry } from "./telemetry.ts";
export { formatTraceparent, parseTraceparent, type TraceContext } from "./traceparent.ts";
