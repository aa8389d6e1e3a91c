/** The `traceparent` header of W3C Trace Context, version 00. OpenTelemetry's own reader would load 12 MB into each process. */
import { randomBytes } from "node:crypto";
import type { Span, SpanContext } from "@opentelemetry/api";

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** What a traceparent says, or undefined when it is not one: a wrong one is ignored, as the recommendation says. */
export function parseTraceparent(text: string | undefined): SpanContext | undefined {
  const match = form.exec(text ?? "");
  if (match === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = match;
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** Where a span is in its trace, to be sent along. */
export function traceparentOf(span: Pick<Span, "spanContext">): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

/** A span of its own in the trace of the parent, or in a new trace. */
export function createSpanContext(parent: SpanContext | undefined): SpanContext {
  return {
    traceId: parent?.traceId ?? randomHex(16),
    spanId: randomHex(8),
    traceFlags: parent?.traceFlags ?? 0,
  };
}

function randomHex(byteCount: number): string {
  for (;;) {
    const text = randomBytes(byteCount).toString("hex");
    if (!/^0+$/.test(text)) return text;
  }
}
