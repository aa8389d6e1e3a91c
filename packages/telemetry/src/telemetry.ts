/**
 * Spans around work, by OpenTelemetry's API. The span that a call is in is known to the calls below it in
 * the same process; between processes it travels as a traceparent. Nothing is registered globally.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { toRoostError, type Logger } from "@roost/base";
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import { attributes as names } from "./attributes.ts";
import { createSpanContext, parseTraceparent } from "./traceparent.ts";

export interface SpanOptions {
  /** Default: INTERNAL. */
  kind?: keyof typeof SpanKind;
  /** Undefined values are left out. */
  attributes?: Attributes;
  /** The traceparent of the span above. The span around this call in the same process when left out; null begins a new trace. */
  parent?: string | null | undefined;
}

export interface Telemetry {
  /** Runs the work in a span that ends with it. What the work throws is recorded and thrown on. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
}

export interface TelemetryOptions {
  /** "roost-gateway", "roost-worker", … */
  serviceName: string;
  /** Base address of an OTLP/HTTP collector; without one nothing is recorded. */
  otlpEndpoint?: string | undefined;
  logger: Logger;
  /** How long closing may take to send the last spans. */
  closeMsMax?: number;
}

const messageCharsMax = 4096;

export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry & AsyncDisposable> {
  const { serviceName, otlpEndpoint: endpoint, logger, closeMsMax } = options;
  // Not a static import: the SDK costs each process 15 MB and a tenth of a second, and most have no collector.
  const otlp =
    endpoint === undefined
      ? undefined
      : (await import("./open-otlp.ts")).openOtlp({ serviceName, endpoint, logger, closeMsMax });
  const tracer = otlp?.tracer ?? unrecorded;
  const around = new AsyncLocalStorage<Context>();
  return {
    async span(name, { kind = "INTERNAL", attributes = {}, parent }, work) {
      const above = parent === null ? ROOT_CONTEXT : (contextOf(parent) ?? around.getStore() ?? ROOT_CONTEXT);
      const span = tracer.startSpan(name, { kind: SpanKind[kind], attributes }, above);
      try {
        return await around.run(trace.setSpan(above, span), () => work(span));
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        span.recordException(error instanceof Error ? error : message);
        span.setStatus({ code: SpanStatusCode.ERROR, message: message.slice(0, messageCharsMax) });
        span.setAttribute(names.errorType, toRoostError(error).code);
        throw error;
      } finally {
        span.end();
      }
    },
    [Symbol.asyncDispose]: async () => otlp?.[Symbol.asyncDispose](),
  };
}

function contextOf(traceparent: string | null | undefined): Context | undefined {
  const parent = parseTraceparent(traceparent ?? undefined);
  return parent === undefined ? undefined : trace.setSpanContext(ROOT_CONTEXT, parent);
}

/** Records nothing; spans still have a place in a trace, so that those who record can join what passes through here. */
const unrecorded: Pick<Tracer, "startSpan"> = {
  startSpan: (_name, _options, above = ROOT_CONTEXT) =>
    trace.wrapSpanContext(createSpanContext(trace.getSpanContext(above))),
};
