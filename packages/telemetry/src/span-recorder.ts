/** Where spans go: the seam between what Roost measures and OpenTelemetry's SDK. */
import type { Attributes, SpanKind } from "./telemetry.ts";
import { createTraceContext, type TraceContext } from "./traceparent.ts";

export interface RecordedSpan {
  readonly context: TraceContext;
  setAttributes(attributes: Attributes): void;
  addEvent(name: string, attributes: Attributes): void;
  end(failure?: { error: unknown; type: string }): void;
}

export interface SpanRecorder extends AsyncDisposable {
  start(
    name: string,
    options: { kind: SpanKind; attributes: Attributes; parent: TraceContext | undefined },
  ): RecordedSpan;
}

/** Records nothing; spans still have a place in a trace, so that those who record can join what passes through here. */
export function createUnrecordedSpans(): SpanRecorder {
  return {
    start: (_name, { parent }) => ({
      context: createTraceContext(parent),
      setAttributes() {},
      addEvent() {},
      end() {},
    }),
    async [Symbol.asyncDispose]() {},
  };
}
