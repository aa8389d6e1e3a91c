/**
 * Records spans with OpenTelemetry's SDK and sends them over OTLP/HTTP in
 * batches. Nothing is registered globally. Spans that cannot be sent are dropped and that is
 * logged: telemetry never holds up or fails what it watches.
 */
import type { Logger } from "@roost/base";
import {
  ROOT_CONTEXT,
  SpanKind as OtelSpanKind,
  SpanStatusCode,
  trace,
  type Attributes as OtelAttributes,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import type { SpanRecorder } from "./span-recorder.ts";
import type { Attributes, SpanKind } from "./telemetry.ts";

export interface OtlpSpansOptions {
  serviceName: string;
  /** Base address of the collector; the path of traces is added. */
  endpoint: string;
  logger: Logger;
  /** How long closing may take to send the last spans. */
  closeMsMax?: number | undefined;
}

const queuedSpansMax = 4096;
const spansPerExportMax = 512;
const exportDelayMs = 2000;
const exportTimeoutMs = 3000;
const closeMsMaxDefault = 2000;
const attributesPerSpanMax = 64;
const eventsPerSpanMax = 64;
const attributeCharsMax = 4096;
/** A collector that is down is complained of once in that time. */
const complaintMsMin = 60_000;

const kinds: Readonly<Record<SpanKind, OtelSpanKind>> = {
  internal: OtelSpanKind.INTERNAL,
  server: OtelSpanKind.SERVER,
  client: OtelSpanKind.CLIENT,
  producer: OtelSpanKind.PRODUCER,
  consumer: OtelSpanKind.CONSUMER,
};

export function createOtlpSpans(options: OtlpSpansOptions): SpanRecorder {
  const { serviceName, endpoint, logger, closeMsMax = closeMsMaxDefault } = options;
  const url = `${endpoint.replace(/\/+$/, "")}/v1/traces`;
  const exporter = withComplaints(new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs }), url, logger);
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName, "process.pid": process.pid }),
    sampler: new AlwaysOnSampler(),
    spanLimits: {
      attributeCountLimit: attributesPerSpanMax,
      eventCountLimit: eventsPerSpanMax,
      attributeValueLengthLimit: attributeCharsMax,
    },
    spanProcessors: [
      new BatchSpanProcessor(exporter, {
        maxQueueSize: queuedSpansMax,
        maxExportBatchSize: spansPerExportMax,
        scheduledDelayMillis: exportDelayMs,
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
  });
  const tracer = provider.getTracer("roost");

  return {
    start(name, { kind, attributes, parent }) {
      const above =
        parent === undefined
          ? ROOT_CONTEXT
          : trace.setSpanContext(ROOT_CONTEXT, {
              traceId: parent.traceId,
              spanId: parent.spanId,
              traceFlags: parent.flags,
              isRemote: true,
            });
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes: toOtel(attributes) }, above);
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        context: { traceId, spanId, flags: traceFlags },
        setAttributes: (more) => void span.setAttributes(toOtel(more)),
        addEvent: (eventName, more) => void span.addEvent(eventName, toOtel(more)),
        end(failure) {
          if (failure !== undefined) {
            const { error, type } = failure;
            const message = error instanceof Error ? error.message : String(error);
            span.recordException(error instanceof Error ? error : message);
            span.setStatus({ code: SpanStatusCode.ERROR, message: message.slice(0, attributeCharsMax) });
            span.setAttribute("error.type", type);
          }
          span.end();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`not done within ${closeMsMax} ms`)), closeMsMax);
      });
      try {
        await Promise.race([provider.shutdown(), late]);
      } catch (error) {
        logger.warn("the last spans could not be sent", { url, error });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function toOtel(attributes: Attributes): OtelAttributes {
  const result: OtelAttributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) result[name] = typeof value === "object" ? [...value] : value;
  }
  return result;
}

function withComplaints(exporter: SpanExporter, url: string, logger: Logger): SpanExporter {
  let lastComplaintMs = -Infinity;
  return {
    export(spans, onResult) {
      exporter.export(spans, (result) => {
        if (result.code !== 0 && performance.now() - lastComplaintMs >= complaintMsMin) {
          lastComplaintMs = performance.now();
          logger.warn("spans could not be sent and are dropped", { url, spanCount: spans.length, error: result.error });
        }
        onResult(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
