/**
 * Records spans with OpenTelemetry's SDK and sends them over OTLP/HTTP in
 * batches. Spans that cannot be sent are dropped and that is
 * logged: telemetry never holds up or fails what it watches.
 */
import type { Logger } from "@roost/base";
import type { Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";

export interface OpenOtlpOptions {
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

export function openOtlp(options: OpenOtlpOptions): { tracer: Tracer } & AsyncDisposable {
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
  return {
    tracer: provider.getTracer("roost"),
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
