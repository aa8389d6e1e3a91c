/**
 * Spans around work. The span that a call is in is known to the calls below it in
 * the same process; between processes it travels as a traceparent.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { toRoostError, type Logger } from "@roost/base";
import { createUnrecordedSpans, type SpanRecorder } from "./span-recorder.ts";
import type { SpanHandle, Telemetry } from "./telemetry.ts";
import { formatTraceparent, parseTraceparent, type TraceContext } from "./traceparent.ts";

export interface TelemetryOptions {
  /** "roost-gateway", "roost-worker", … */
  serviceName: string;
  /** Base address of an OTLP/HTTP collector; without one nothing is recorded. */
  otlpEndpoint?: string | undefined;
  logger: Logger;
  /** How long closing may take to send the last spans. */
  closeMsMax?: number;
}

export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry & AsyncDisposable> {
  const { serviceName, otlpEndpoint, logger, closeMsMax } = options;
  if (otlpEndpoint === undefined) return createTelemetry(createUnrecordedSpans());
  // Not a static import: the SDK costs each process 15 MB and a tenth of a second, and most have no collector.
  const { createOtlpSpans } = await import("./otlp-spans.ts");
  return createTelemetry(createOtlpSpans({ serviceName, endpoint: otlpEndpoint, logger, closeMsMax }));
}

/** Telemetry over any recorder. */
export function createTelemetry(recorder: SpanRecorder): Telemetry & AsyncDisposable {
  const around = new AsyncLocalStorage<TraceContext>();
  return {
    async span(name, options, work) {
      const parent = options.parent === null ? undefined : (parseTraceparent(options.parent) ?? around.getStore());
      const span = recorder.start(name, {
        kind: options.kind ?? "internal",
        attributes: options.attributes ?? {},
        parent,
      });
      const handle: SpanHandle = {
        traceparent: formatTraceparent(span.context),
        setAttributes: (more) => span.setAttributes(more),
        addEvent: (eventName, more = {}) => span.addEvent(eventName, more),
      };
      try {
        const result = await around.run(span.context, () => work(handle));
        span.end();
        return result;
      } catch (error) {
        span.end({ error, type: toRoostError(error).code });
        throw error;
      }
    },
    traceparent() {
      const context = around.getStore();
      return context === undefined ? undefined : formatTraceparent(context);
    },
    [Symbol.asyncDispose]: () => recorder[Symbol.asyncDispose](),
  };
}
