/** What the rest of Roost knows of telemetry. */

export type AttributeValue = string | number | boolean | readonly string[] | undefined;
export type Attributes = Readonly<Record<string, AttributeValue>>;
export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

export interface SpanHandle {
  /** Where the span is in its trace, to be sent along. */
  readonly traceparent: string;
  /** Undefined values are left out. */
  setAttributes(attributes: Attributes): void;
  addEvent(name: string, attributes?: Attributes): void;
}

export interface SpanOptions {
  kind?: SpanKind;
  attributes?: Attributes;
  /** The traceparent of the span above. The span around this call in the same process when left out; null begins a new trace. */
  parent?: string | null | undefined;
}

export interface Telemetry {
  /** Runs the work in a span that ends with it. What the work throws is recorded and thrown on. */
  span<T>(name: string, options: SpanOptions, work: (span: SpanHandle) => Promise<T>): Promise<T>;
  /** The traceparent of the span that this call is in. */
  traceparent(): string | undefined;
}
