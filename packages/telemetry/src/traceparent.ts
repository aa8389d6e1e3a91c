/** The `traceparent` header of W3C Trace Context, version 00. OpenTelemetry's own reader would load 12 MB into each process. */
import { createHash, randomBytes } from "node:crypto";
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

/**
 * The trace of a chain of events that came with none. Its id is the chain's own, so that runs which belong together are in one trace, and it can be
 * looked up by what is recorded. The span above is not recorded anywhere.
 */
export function traceparentOfChain(correlation: string): string {
  const plain = correlation.replaceAll("-", "").toLowerCase();
  const isId = /^[0-9a-f]{32}$/.test(plain);
  const traceId = isId ? plain : createHash("sha256").update(correlation).digest("hex").slice(0, 32);
  return `00-${traceId}-${traceId.slice(16)}-01`;
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
