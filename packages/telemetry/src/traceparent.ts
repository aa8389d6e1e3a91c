/** The `traceparent` header of W3C Trace Context, version 00. */
import { randomBytes } from "node:crypto";

export interface TraceContext {
  /** 32 hexadecimal digits, not all zero. */
  traceId: string;
  /** 16 hexadecimal digits, not all zero. */
  spanId: string;
  flags: number;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** What a traceparent says, or undefined when it is not one: a wrong one is ignored, as the recommendation says. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  const match = form.exec(text ?? "");
  if (match === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = match;
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export function formatTraceparent(context: TraceContext): string {
  return `00-${context.traceId}-${context.spanId}-${context.flags.toString(16).padStart(2, "0")}`;
}

/** A span of its own in the trace of the parent, or in a new trace. */
export function createTraceContext(parent: TraceContext | undefined): TraceContext {
  return {
    traceId: parent?.traceId ?? randomHex(16),
    spanId: randomHex(8),
    flags: parent?.flags ?? 0,
  };
}

function randomHex(byteCount: number): string {
  for (;;) {
    const text = randomBytes(byteCount).toString("hex");
    if (!/^0+$/.test(text)) return text;
  }
}
